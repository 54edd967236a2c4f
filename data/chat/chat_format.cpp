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
    case LossOn::last_turn:
      return "last_turn";
  }
  return "?";
}

LossOn loss_on_from(std::string_view word) {
  for (LossOn loss_on : {LossOn::assistant, LossOn::all, LossOn::qwen1, LossOn::last_turn})
    if (word == name_of(loss_on)) return loss_on;
  throw ConfigError("loss_on '{}' is unknown; known are assistant, all, qwen1, last_turn", word);
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
  bool parse;
  bool weighted = false;  // some turn's loss weighs other than 1
  float weight = 1;       // of the tokens laid down next
  LabelledTokens out = {};

  void put(int32_t id, bool supervised) {
    out.ids.push_back(id);
    out.labels.push_back(supervised ? id : kIgnoredLabel);
    if (weighted) out.weights.push_back(weight);
  }
  void put(const std::vector<int32_t>& ids, bool supervised) {
    for (int32_t id : ids) put(id, supervised);
  }
  /// `answer`: this content carries loss; `quiet`: nothing of the block does, whatever the rule says.
  void block(const std::vector<int32_t>& role, std::string_view content, bool answer, bool quiet = false) {
    const bool all = loss_on == LossOn::all && !quiet, official = loss_on == LossOn::qwen1 && !quiet;
    put(format.encoder_.im_start, all || official);
    put(role, all);
    put(format.newline_, all);
    put(format.encoder_.encode(content, parse || loss_on == LossOn::qwen1), all || answer);
    put(format.encoder_.im_end, all || official || answer);
    put(format.newline_, all || official);
  }
};

bool ChatFormat::leaves_first_turn_out(const Conversation& conversation) const {
  return template_.user_speaks_first && !conversation.turns.empty() &&
         conversation.turns.front().role == Role::assistant;
}

LabelledTokens ChatFormat::training_tokens(const Conversation& conversation, LossOn loss_on,
                                           bool parse_special) const {
  Writer writer{*this, loss_on, parse_special};
  if (conversation.document) {
    writer.put(encoder_.encode(*conversation.document, parse_special), true);
    if (encoder_.eod >= 0) writer.put(encoder_.eod, true);
    return std::move(writer.out);
  }
  const auto& turns = conversation.turns;
  size_t last_answer = turns.size();
  for (size_t i = 0; i < turns.size(); ++i) {
    if (turns[i].role == Role::assistant) last_answer = i;
    writer.weighted |= turns[i].weight != 1;
  }
  const auto& system = conversation.system ? conversation.system : template_.default_system;
  if (system) writer.block(system_, *system, false);
  const bool left_out = leaves_first_turn_out(conversation);
  for (size_t i = 0; i < turns.size(); ++i) {
    const Turn& turn = turns[i];
    const bool by_rule = turn.role == Role::assistant && (loss_on != LossOn::last_turn || i == last_answer);
    writer.weight = turn.weight;
    if (i > 0 || !left_out)
      writer.block(role_ids(turn.role), turn.text, turn.train.value_or(by_rule), turn.train == false);
    writer.out.turn_ends.push_back(int32_t(writer.out.ids.size()));
  }
  return std::move(writer.out);
}

std::vector<int32_t> ChatFormat::stop_ids() const {
  std::vector<int32_t> ids{encoder_.im_end, encoder_.im_start};
  if (encoder_.eod >= 0) ids.push_back(encoder_.eod);
  return ids;
}

}  // namespace genesis::data
