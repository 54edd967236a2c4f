#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "trainer/generate/answer.h"

namespace genesis::trainer {

/// A conversation with a model that remembers what was said.
class ChatSession {
 public:
  /// `settings.max_new_tokens` bounds each answer; the stop ids of the chat are added. `system` absent: the
  /// template's default. The model must live as long as the session.
  ChatSession(LoadedModel& model, const models::GenerationConfig& settings,
              std::optional<std::string> system = {});

  /// Answers a question and keeps both. Each piece of the answer goes to on_piece as it is made; false ends
  /// the answer there. An answer that was ended before it began leaves the conversation as it was.
  /// Errors: as chat_prompt; the conversation is then as it was.
  Answer ask(std::string_view question, const std::function<bool(std::string_view piece)>& on_piece = {});

  /// Forgets all turns; the system text stays.
  void reset() { conversation_.turns.clear(); }
  /// Begins anew with this system text; absent: the template's default.
  void set_system(std::optional<std::string> system);

  const data::Conversation& conversation() const { return conversation_; }
  /// Tokens of the last prompt that were not computed again: keys and values stay from turn to turn.
  int64_t reused_tokens() const { return kept_.reused(); }
  /// The conversation as one line of a dataset: {"messages": [{"role", "content"}, ...]}, a line feed at the
  /// end.
  std::string record() const;

 private:
  LoadedModel& model_;
  models::GenerationConfig settings_;
  data::Conversation conversation_;
  models::KeptText kept_;
};

}  // namespace genesis::trainer
