#pragma once
#include <string>

#include "data/chat/chat_format.h"
#include "data/tokenizer/tokenizer.h"

namespace genesis::data {

/// SHA-256 over every token's bytes and the special tokens: equal digests encode every text alike.
std::string tokenizer_digest(const Tokenizer& tokenizer);

/// SHA-256 over a template's name and what it makes of probe conversations (system texts, several turns,
/// contents with markup, every mask rule): a template whose markup, default system text or mask differs has
/// another one.
std::string template_digest(const ChatFormat& chat);

}  // namespace genesis::data
