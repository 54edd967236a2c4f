#pragma once
#include <string>
#include <string_view>

#include "trainer/generate/answer.h"

namespace genesis::trainer {

/// The prompt that asks for the answer to a conversation's last turn, which is the user's.
///   History counts up to max_window_size of the folder's generation settings; the oldest exchanges are left
///   out until a quarter of the context (or max_new_tokens, if less) is free.
/// Errors: DataError "`where`: ..." with both numbers when system text and question alone fill the context.
Prompt chat_prompt(const LoadedModel& model, const data::Conversation& conversation, int64_t max_new_tokens,
                   std::string_view where);

/// A text to be continued as it is; special forms in it are parsed. Errors: as chat_prompt; DataError for an
/// empty text or a special token the model has no embedding for.
Prompt raw_prompt(const LoadedModel& model, std::string_view text, int64_t max_new_tokens,
                  std::string_view where);

/// The folder's settings with the ids that end an answer (chat) or a document (raw).
models::GenerationConfig with_stop_ids(const LoadedModel& model, models::GenerationConfig settings, bool raw);

}  // namespace genesis::trainer
