#include "data/samples/split_check.h"

#include <fstream>
#include <functional>
#include <nlohmann/json.hpp>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

#include "kernels/core/error.h"

namespace genesis::data::samples {
namespace {

constexpr size_t kMostLeaks = 20;

struct Asked {
  std::string key;
  std::string question;
  std::string context;  ///< all user turns up to this one
};

std::vector<Asked> questions_of(const nlohmann::json& record) {
  std::vector<Asked> asked;
  std::string context;
  const auto& keys = record.at("keys");
  for (const auto& turn : record.at("conversations")) {
    if (turn.at("from") != "user") continue;
    const auto& question = turn.at("value").get_ref<const std::string&>();
    context += question;
    context += '\n';
    asked.push_back({keys.at(asked.size()).get<std::string>(), question, context});
  }
  if (asked.empty() || asked.size() != keys.size())
    throw DataError("{} questions have {} keys", asked.size(), keys.size());
  return asked;
}

using Visit = std::function<void(const std::vector<Asked>&, int64_t line)>;

void for_each_record(const std::filesystem::path& path, const Visit& visit) {
  std::ifstream file(path);
  if (!file) throw DataError("{}: cannot be opened", path.string());
  std::string text;
  for (int64_t line = 1; std::getline(file, text); ++line) {
    try {
      visit(questions_of(nlohmann::json::parse(text)), line);
    } catch (const nlohmann::json::exception& e) {
      throw DataError("{}:{}: {}", path.string(), line, e.what());
    } catch (const DataError& e) {
      throw DataError("{}:{}: {}", path.string(), line, e.what());
    }
  }
}

using Lines = std::unordered_map<std::string, int64_t>;  // text -> first line that has it

/// The first thing a held-out conversation shares with the training file, in words; empty when there is none.
std::string leak_in(const std::vector<Asked>& asked, const Lines& keys, const Lines& questions,
                    const Lines& contexts) {
  const auto found = [](const Lines& lines, const std::string& text, std::string_view what) -> std::string {
    const auto at = lines.find(text);
    return at == lines.end()
               ? ""
               : fmt::format("{} '{}' is in the training file, line {}", what, text, at->second);
  };
  if (auto leak = found(questions, asked.front().question, "question"); !leak.empty()) return leak;
  for (const auto& a : asked) {
    if (a.key.empty()) throw DataError("question '{}' has no key", a.question);
    if (auto leak = found(keys, a.key, "problem"); !leak.empty()) return leak;
    if (auto leak = found(contexts, a.context, "conversation"); !leak.empty()) return leak;
  }
  return {};
}

}  // namespace

SplitReport check_split(const std::filesystem::path& training, const std::filesystem::path& held_out) {
  SplitReport report;
  Lines keys, questions, contexts;
  for_each_record(training, [&](const std::vector<Asked>& asked, int64_t line) {
    for (const auto& a : asked) {
      keys.emplace(a.key, line);
      questions.emplace(a.question, line);
      contexts.emplace(a.context, line);
    }
    report.training_questions += int64_t(asked.size());
  });
  report.training_problems = int64_t(keys.size());

  std::unordered_set<std::string> problems;
  for_each_record(held_out, [&](const std::vector<Asked>& asked, int64_t line) {
    ++report.held_out_questions;
    problems.insert(asked.back().key);
    const std::string leak = leak_in(asked, keys, questions, contexts);
    if (!leak.empty() && report.leaks.size() < kMostLeaks)
      report.leaks.push_back(fmt::format("{}:{}: {}", held_out.filename().string(), line, leak));
  });
  report.held_out_problems = int64_t(problems.size());
  return report;
}

}  // namespace genesis::data::samples
