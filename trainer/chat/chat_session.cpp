#include "trainer/chat/chat_session.h"

#include <nlohmann/json.hpp>

#include "data/tokenizer/utf8.h"
#include "trainer/generate/prompt.h"

namespace genesis::trainer {

ChatSession::ChatSession(LoadedModel& model, const models::GenerationConfig& settings,
                         std::optional<std::string> system)
    : model_(model), settings_(with_stop_ids(model, settings, /*raw=*/false)) {
  conversation_.system = std::move(system);
}

void ChatSession::set_system(std::optional<std::string> system) {
  reset();
  conversation_.system = std::move(system);
}

Answer ChatSession::ask(std::string_view question,
                        const std::function<bool(std::string_view piece)>& on_piece) {
  data::Conversation asked = conversation_;
  asked.turns.push_back({data::Role::user, data::replace_invalid_utf8(question)});
  const Prompt prompt = chat_prompt(model_, asked, settings_.max_new_tokens, "chat");
  PieceCallback listen;
  if (on_piece) listen = [&](size_t, std::string_view piece) { return on_piece(piece); };
  Answer a = answer_keeping(model_, prompt, settings_, kept_, listen);
  if (a.finish == FinishReason::interrupted && a.text.empty()) return a;
  asked.turns.push_back({data::Role::assistant, a.text});
  conversation_ = std::move(asked);
  return a;
}

std::string ChatSession::record() const {
  nlohmann::ordered_json messages = nlohmann::ordered_json::array();
  if (conversation_.system) messages.push_back({{"role", "system"}, {"content", *conversation_.system}});
  for (const auto& turn : conversation_.turns)
    messages.push_back({{"role", name_of(turn.role)}, {"content", turn.text}});
  nlohmann::ordered_json line;
  line["messages"] = std::move(messages);
  return line.dump() + "\n";
}

}  // namespace genesis::trainer
