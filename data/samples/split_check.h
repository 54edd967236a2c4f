#pragma once
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace genesis::data::samples {

/// What two sample files have in common. `leaks` is empty when the split is sound.
struct SplitReport {
  int64_t training_questions = 0, training_problems = 0;  ///< all turns; different keys
  int64_t held_out_questions = 0, held_out_problems = 0;
  std::vector<std::string> leaks;  ///< "heldout.jsonl:3: …", one for each held-out line, at most 20
};

/// Reads both files anew and looks for anything of the held-out file in the training file:
///   the key of any held-out turn ("task|operands": the same problem in other words), the text of the
///   question that opens a held-out conversation (as any question), and all user turns up to a held-out
///   question (as the user turns up to any training question). Exact comparison, linear in the size of the
///   files.
/// Errors: DataError `file:line: reason` for a line that is not a record with "keys" and "conversations" of
/// one key for
///   each question, or an empty key in the held-out file.
SplitReport check_split(const std::filesystem::path& training, const std::filesystem::path& held_out);

}  // namespace genesis::data::samples
