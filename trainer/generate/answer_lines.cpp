#include "trainer/generate/answer_lines.h"

#include <exception>
#include <nlohmann/json.hpp>
#include <string>

#include "trainer/generate/prompt.h"
#include "trainer/generate/request.h"

namespace genesis::trainer {
namespace {

constexpr size_t kMaxLinesAtOnce = 1024;

Prompt prompt_of(const LoadedModel& model, const std::string& line, int64_t max_new_tokens, bool raw,
                 const std::string& where) {
  const Request request = parse_request(line, where);
  if (!raw) {
    data::Conversation conversation = request.messages;
    if (request.prompt) conversation.turns.push_back({data::Role::user, *request.prompt});
    return chat_prompt(model, conversation, max_new_tokens, where);
  }
  if (!request.prompt) throw DataError("{}: with --raw a line has the key 'prompt'", where);
  return raw_prompt(model, *request.prompt, max_new_tokens, where);
}

void write(std::ostream& out, const std::vector<Answer>& answers) {
  std::string text;
  for (const Answer& a : answers) {
    nlohmann::ordered_json line;
    line["text"] = a.text;
    line["ids"] = a.ids;
    line["finish_reason"] = name_of(a.finish);
    text += line.dump() + "\n";
  }
  out << text << std::flush;
  if (!out) throw DiskError("the output cannot be written");
}

}  // namespace

void answer_lines(LoadedModel& model, const models::GenerationConfig& settings, bool raw, std::istream& in,
                  std::ostream& out, std::string_view name) {
  const models::GenerationConfig config = with_stop_ids(model, settings, raw);
  size_t number = 0;
  std::vector<Prompt> waiting;
  const auto answer_waiting = [&] {
    if (!waiting.empty()) write(out, answer(model, waiting, config));
    waiting.clear();
  };
  for (std::string line; std::getline(in, line);) {
    ++number;
    if (line.find_first_not_of(" \t\r") != std::string::npos) {
      try {
        waiting.push_back(
            prompt_of(model, line, config.max_new_tokens, raw, fmt::format("{}:{}", name, number)));
      } catch (const DataError&) {
        answer_waiting();
        throw;
      }
    }
    if (in.rdbuf()->in_avail() <= 0 || waiting.size() >= kMaxLinesAtOnce) answer_waiting();
  }
  answer_waiting();
}

}  // namespace genesis::trainer
