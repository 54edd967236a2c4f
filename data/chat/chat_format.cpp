#include "data/chat/chat_format.h"

#include "kernels/core/check.h"

namespace genesis::data {

std::string_view name_of(LossOn loss_on) {
  switch (loss_on) {
    case LossOn::assistant:
      return "assistant";
    case LossOn::all:
      return "all";
    case LossOn::qwen1:
      return "qwen1";
  }
  return "?";
}

LossOn loss_on_from(std::string_view word) {
  for (LossOn loss_on : {LossOn::assistant, LossOn::all, LossOn::qwen1})
    if (word == name_of(loss_on)) return loss_on;
  throw ConfigError("loss_on '{}' is unknown; known are assistant, all, qwen1", word);
}

ChatFormat::ChatFormat(TextEncoder encoder, ChatTemplate chat_template)
    : encoder_(std::move(encoder)), template_(std::move(chat_template)) {
  GENESIS_CHECK(encoder_.encode, "the chat format needs an encoder");
  GENESIS_CHECK(encoder_.im_start >= 0 && encoder_.im_end >= 0,
                "the tokenizer has no <|im_start|> or no <|im_end|>");
  system_ = encoder_.encode("system", false);
  user_ = encoder_.encode("user", false);
  assistant_ = encoder_.encode("assistant", false);
  newline_ = encoder_.encode("\n", false);
}

/// Lays tokens down with their labels.
struct ChatFormat::Writer {
  const ChatFormat& format;
  LossOn loss_on;
  LabelledTokens out;

  void put(int32_t id, bool supervised) {
    out.ids.push_back(id);
    out.labels.push_back(supervised ? id : kIgnoredLabel);
  }
  void put(const std::vector<int32_t>& ids, bool supervised) {
    for (int32_t id : ids) put(id, supervised);
  }
  void block(const std::vector<int32_t>& role, std::string_view content, bool answer) {
    const bool all = loss_on == LossOn::all, official = loss_on == LossOn::qwen1;
    put(format.encoder_.im_start, all || official);
    put(role, all);
    put(format.newline_, all);
    put(format.encoder_.encode(content, official), all || answer);
    put(format.encoder_.im_end, all || official || answer);
    put(format.newline_, all || official);
  }
};

bool ChatFormat::leaves_first_turn_out(const Conversation& conversation) const {
  return template_.user_speaks_first && !conversation.turns.empty() &&
         conversation.turns.front().role == Role::assistant;
}

LabelledTokens ChatFormat::training_tokens(const Conversation& conversation, LossOn loss_on) const {
  Writer writer{*this, loss_on, {}};
  const auto& system = conversation.system ? conversation.system : template_.default_system;
  if (system) writer.block(system_, *system, false);
  for (size_t i = leaves_first_turn_out(conversation) ? 1 : 0; i < conversation.turns.size(); ++i) {
    const Turn& turn = conversation.turns[i];
    writer.block(role_ids(turn.role), turn.text, turn.role == Role::assistant);
  }
  return std::move(writer.out);
}

std::vector<int32_t> ChatFormat::stop_ids() const {
  std::vector<int32_t> ids{encoder_.im_end, encoder_.im_start};
  if (encoder_.eod >= 0) ids.push_back(encoder_.eod);
  return ids;
}

}  // namespace genesis::data
