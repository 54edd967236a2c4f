#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "data/chat/conversation.h"

namespace genesis::trainer {

/// What one JSON line asks for: a prompt, or a conversation whose last turn is the user's.
struct Request {
  std::optional<std::string> prompt;
  data::Conversation messages;  ///< without prompt
};

/// {"prompt": "..."} or {"messages": [{"role": "system"|"user"|"assistant", "content": "..."}, ...]}; other
/// keys are ignored. A system message comes first, then user and assistant take turns, the user last.
/// Errors: DataError "`where`: ..." naming the key (messages[2].role) and what is wrong.
Request parse_request(std::string_view line, const std::string& where);

}  // namespace genesis::trainer
