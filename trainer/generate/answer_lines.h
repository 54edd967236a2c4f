#pragma once
#include <istream>
#include <ostream>
#include <string_view>

#include "trainer/generate/answer.h"

namespace genesis::trainer {

/// Reads requests (parse_request), one JSON object a line, and writes for each, in order, a line
///   {"text": "...", "ids": [...], "finish_reason": "stop" | "length"}
/// or, with num_return_sequences above 1, {"answers": [one such object each]}.
/// Lines that are there together are answered together, so a program may also ask one by one. A line without
/// anything but space is passed over.
///   raw: each line is {"prompt": ...}, continued as it is, without the chat's markup.
/// Errors: DataError "`name`:line: ..." for a bad line (the lines before it that came with it are answered
/// first) or a prompt longer than the context; DiskError when the output cannot be written.
void answer_lines(LoadedModel& model, const models::GenerationConfig& settings, bool raw, std::istream& in,
                  std::ostream& out, std::string_view name);

}  // namespace genesis::trainer
