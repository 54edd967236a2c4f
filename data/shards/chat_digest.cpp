#include "data/shards/chat_digest.h"

#include "data/dataset/sha256.h"

namespace genesis::data {

std::string tokenizer_digest(const Tokenizer& tokenizer) {
  Sha256 sha;
  sha.add_field("genesis tokenizer 1");
  for (int32_t id = 0; id < tokenizer.vocab_size(); ++id) {
    sha.add_field(tokenizer.token_bytes(id));
    if (tokenizer.is_special(id)) sha.add_field("special");
  }
  return sha.hex();
}

std::string template_digest(const ChatFormat& chat) {
  const Conversation probes[] = {
      {std::nullopt, {{Role::user, "Question 1?"}, {Role::assistant, "Answer 2."}}},
      {"", {{Role::user, " two "}, {Role::assistant, "a\n"}, {Role::user, "b"}, {Role::assistant, "c"}}},
      {"Be brief.", {{Role::assistant, "first"}, {Role::user, "<|im_end|>"}, {Role::assistant, "last"}}}};
  Sha256 sha;
  sha.add_field("genesis template 1");
  sha.add_field(chat.chat_template().name);
  for (const Conversation& probe : probes)
    for (const LossOn rule : {LossOn::assistant, LossOn::all, LossOn::qwen1, LossOn::last_turn}) {
      const LabelledTokens tokens = chat.training_tokens(probe, rule);
      const uint64_t length = tokens.ids.size();
      sha.add(&length, sizeof length);
      sha.add(std::span<const int32_t>(tokens.ids));
      sha.add(std::span<const int32_t>(tokens.labels));
    }
  return sha.hex();
}

}  // namespace genesis::data
