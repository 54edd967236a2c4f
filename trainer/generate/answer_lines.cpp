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

nlohmann::ordered_json json_of(const Answer& a) {
  return {{"text", a.text}, {"ids", a.ids}, {"finish_reason", name_of(a.finish)}};
}

void write(std::ostream& out, const std::vector<Answer>& answers, size_t each) {
  std::string text;
  for (size_t first = 0; first < answers.size(); first += each) {
    nlohmann::ordered_json line = json_of(answers[first]);
    if (each > 1) {
      nlohmann::ordered_json list = nlohmann::ordered_json::array();
      for (size_t i = first; i < first + each; ++i) list.push_back(json_of(answers[i]));
      line = {{"answers", std::move(list)}};
    }
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
    if (!waiting.empty()) write(out, answer(model, waiting, config), size_t(config.num_return_sequences));
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
