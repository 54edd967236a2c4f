#include "trainer/evaluate/exact_match.h"

#include <chrono>
#include <string_view>

#include "data/formats/conversation_reader.h"
#include "trainer/generate/prompt.h"

namespace genesis::trainer {
namespace {

struct Question {
  std::string where, task, text, expected;
};

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n";
  const size_t begin = text.find_first_not_of(kSpace);
  return begin == std::string_view::npos ? std::string_view()
                                         : text.substr(begin, text.find_last_not_of(kSpace) + 1 - begin);
}

/// Room for an answer that spells the expected text in other tokens, and for its end.
int64_t room_for(size_t expected_tokens) { return 2 * int64_t(expected_tokens) + 8; }

}  // namespace

ExactMatch exact_match(LoadedModel& model, const std::filesystem::path& file,
                       const ExactMatchOptions& options) {
  std::vector<Question> questions;
  std::vector<Prompt> prompts;
  data::ConversationReader reader(file);
  while (auto record = reader.next()) {
    if (options.limit > 0 && int64_t(questions.size()) == options.limit) break;
    auto& turns = record->conversation.turns;
    if (turns.size() < 2 || turns.back().role != data::Role::assistant)
      throw reader.error(record->at, "the record does not end with a question and its answer");
    Question q{fmt::format("{}:{}", file.string(), record->at.line), record->task, {}, turns.back().text};
    turns.pop_back();
    q.text = turns.back().text;
    const size_t expected_tokens = model.tokenizer.encode(q.expected).size();
    prompts.push_back(chat_prompt(model, record->conversation, room_for(expected_tokens), q.where));
    questions.push_back(std::move(q));
  }

  const models::GenerationConfig greedy = with_stop_ids(model, {}, /*raw=*/false);
  const auto start = std::chrono::steady_clock::now();
  const auto answers = answer(model, prompts, greedy);
  ExactMatch result;
  result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  for (size_t i = 0; i < questions.size(); ++i) {
    const Question& q = questions[i];
    const bool right =
        answers[i].finish == FinishReason::stop && trimmed(answers[i].text) == trimmed(q.expected);
    result.new_tokens += int64_t(answers[i].ids.size());
    ++result.all.questions;
    result.all.right += right;
    if (!q.task.empty()) {
      Score& task = result.tasks[q.task];
      ++task.questions;
      task.right += right;
    }
    if (!right && result.wrong.size() < options.keep_wrong)
      result.wrong.push_back({q.where, q.text, q.expected, answers[i].text});
  }
  return result;
}

}  // namespace genesis::trainer
