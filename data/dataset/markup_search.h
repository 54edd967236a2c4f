#pragma once
#include <string_view>

#include "data/chat/conversation.h"

namespace genesis::data {

/// The first piece of chat markup written in a content of the conversation, as it would be by somebody who
/// wants to forge a turn or by a dataset that was rendered twice: "<|im_start|>", "<|im_end|>",
/// "<|endoftext|>",
/// "[INST]", ...; empty when there is none. Documents are not searched.
std::string_view find_markup(const Conversation& conversation);

}  // namespace genesis::data
