#include "data/samples/generate.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

namespace genesis::data::samples {
namespace {

using Parts = std::vector<std::string>;

Parts split(std::string_view text, char separator) {
  Parts parts;
  std::istringstream in{std::string(text)};
  for (std::string part; std::getline(in, part, separator);) parts.push_back(part);
  return parts;
}

std::vector<int> integers(std::string_view text) {
  std::vector<int> values;
  for (const auto& part : split(text, ',')) values.push_back(std::stoi(part));
  return values;
}

uint64_t fnv(const std::vector<Record>& records) {
  uint64_t hash = 0xcbf29ce484222325u;
  for (const auto& record : records)
    for (const char c : to_json_line(record) + '\n') hash = (hash ^ uint8_t(c)) * 0x100000001b3u;
  return hash;
}

/// The end of the answer that a problem must have, found from its key alone and by other means than the
/// generator's.
std::string solve(const std::string& key) {
  const std::string task = key.substr(0, key.find('|')), rest = key.substr(key.find('|') + 1);
  const auto operand = [&](char separator, size_t i) { return split(rest, separator).at(i); };
  const auto ends_with_list = [](auto list, std::string_view separator) {
    std::string text;
    for (const auto& item : list) {
      if (!text.empty()) text += separator;
      if constexpr (std::is_same_v<std::decay_t<decltype(item)>, int>)
        text += std::to_string(item);
      else
        text += item;
    }
    return text;
  };
  if (task == "add") return fmt::format("so {}.", integers(rest)[0] + integers(rest)[1]);
  if (task == "subtract") return fmt::format("so {}.", integers(rest)[0] - integers(rest)[1]);
  if (task == "largest") return "is " + std::to_string(std::ranges::max(integers(rest))) + ".";
  if (task == "smallest") return "is " + std::to_string(std::ranges::min(integers(rest))) + ".";
  if (task == "parity") return std::string("02468").find(rest.back()) != std::string::npos ? "even." : "odd.";
  if (task == "larger") {  // two digits each: the order of the texts is the order of the numbers
    const Parts both = split(rest, ',');
    return both[0] > both[1] ? both[0] + " is larger than " + both[1] + "."
                             : both[1] + " is larger than " + both[0] + ".";
  }
  if (task == "backwards") {
    Parts list;
    for (const auto& word : split(rest, ',')) list.insert(list.begin(), word);
    return "is " + ends_with_list(list, ", ") + ".";
  }
  if (task == "first") return "with " + rest.substr(0, rest.find(',')) + ".";
  if (task == "second") return "word " + operand(',', 1) + ".";
  if (task == "third") return "word " + operand(',', 2) + ".";
  if (task == "last") return "with " + rest.substr(rest.rfind(',') + 1) + ".";
  const Parts letters = split(rest, ' ');
  if (task == "mirror") return "is " + ends_with_list(Parts(letters.rbegin(), letters.rend()), " ") + ".";
  if (task == "first_letter") return "with " + letters.front() + ".";
  if (task == "last_letter") return "with " + letters.back() + ".";
  if (task == "second_letter") return "letter " + letters.at(1) + ".";
  if (task == "vowels") {
    int vowels = 0;
    for (const char vowel : {'A', 'E', 'I', 'O', 'U'}) vowels += std::ranges::count(rest, vowel) > 0;
    return fmt::format("vowels: {}.", vowels);
  }
  if (task == "later") {
    const std::string time = operand(',', 0);
    int hour = std::stoi(time);
    for (int i = 0; i < std::stoi(operand(',', 1)); ++i) ++hour;
    EXPECT_LE(hour, 23) << key;
    return fmt::format("so {:02}{}.", hour, time.substr(2));
  }
  if (task == "greet") return "meet you, " + operand(',', 0) + "!";
  if (task == "name") return "name is " + operand(',', 0) + ".";
  if (task == "city") return "live in " + operand(',', 1) + ".";
  if (task == "pet") return "have a " + operand(',', 2) + ".";
  ADD_FAILURE() << "no solver for " << key;
  return {};
}

/// Whether every operand of the key was said by the user, or was the result of an earlier answer.
bool said(const std::string& key, const std::string& conversation) {
  std::string operand;
  for (const char c : key.substr(key.find('|') + 1) + ",") {
    if (std::isalnum(static_cast<unsigned char>(c)) || c == ':') {
      operand += c;
    } else {
      if (conversation.find(operand) == std::string::npos) return false;
      operand.clear();
    }
  }
  return true;
}

TEST(SampleRecords, EveryAnswerIsRight) {
  std::map<std::string, int> tasks;
  for (const auto& records : {training_records(kSeed, 4000), held_out_records(kSeed, 400)})
    for (const auto& record : records) {
      std::string conversation;
      for (const auto& turn : record.dialogue) {
        conversation += turn.question + '\n';
        EXPECT_TRUE(turn.answer.ends_with(solve(turn.key))) << turn.key << ": " << turn.answer;
        EXPECT_TRUE(said(turn.key, conversation)) << turn.key << " in " << conversation;
        conversation += turn.answer + '\n';
        ++tasks[turn.key.substr(0, turn.key.find('|'))];
      }
    }
  EXPECT_EQ(tasks.size(), 21u);
  for (const auto& [task, count] : tasks) EXPECT_GT(count, 40) << task;
}

TEST(SampleRecords, ASideHoldsOnlyItsOwnProblems) {
  // sums are the only problems whose key is their subject in every family's eyes
  const auto expect_side = [](const std::vector<Record>& records, Side side) {
    for (const auto& record : records)
      for (const auto& turn : record.dialogue)
        if (turn.key.starts_with("add|")) {
          EXPECT_EQ(side_of(turn.key), side) << turn.key;
        }
  };
  expect_side(training_records(kSeed, 2000), Side::train);
  expect_side(held_out_records(kSeed, 200), Side::held_out);
}

TEST(SampleRecords, OneSubjectInTenIsHeldOut) {
  int held_out = 0;
  for (int i = 0; i < 10'000; ++i) held_out += side_of(std::to_string(i)) == Side::held_out;
  EXPECT_NEAR(held_out, 1000, 100);
}

TEST(SampleRecords, HeldOutQuestionsDiffer) {
  std::set<std::string> keys;
  for (const auto& record : held_out_records(kSeed, 400))
    EXPECT_TRUE(keys.insert(record.dialogue.back().key).second);
}

TEST(SampleRecords, NoTrainingConversationComesTwice) {
  std::set<std::string> texts;
  for (const auto& record : training_records(kSeed, kTrainingRecords)) {
    std::string text;
    for (const auto& turn : record.dialogue) text += turn.question + '\n' + turn.answer + '\n';
    EXPECT_TRUE(texts.insert(text).second) << record.id << ": " << text;
  }
}

TEST(SampleRecords, AreTheSameOnEveryMachine) {
  EXPECT_EQ(fnv(training_records(kSeed, 1000)), 3070327156126220660u);
  EXPECT_EQ(fnv(held_out_records(kSeed, 100)), 13370977445477592059u);
}

TEST(SampleRecords, RecordIDependsOnSeedAndIAlone) {
  const auto few = training_records(5, 10), many = training_records(5, 50), other = training_records(6, 10);
  for (size_t i = 0; i < few.size(); ++i) EXPECT_EQ(to_json_line(few[i]), to_json_line(many[i]));
  EXPECT_NE(to_json_line(few[0]), to_json_line(other[0]));
}

TEST(SampleRecords, ALineIsARecordOfTheConversationsFormat) {
  const auto line =
      nlohmann::json::parse(to_json_line({"x", {{"Add \"1\"", "2", "add|1,1"}, {"And?", "3", "add|1,2"}}}));
  EXPECT_EQ(line.at("id"), "x");
  EXPECT_EQ(line.at("keys"), nlohmann::json({"add|1,1", "add|1,2"}));
  EXPECT_EQ(line.at("conversations").size(), 4u);
  EXPECT_EQ(line.at("conversations")[0], nlohmann::json({{"from", "user"}, {"value", "Add \"1\""}}));
  EXPECT_EQ(line.at("conversations")[3], nlohmann::json({{"from", "assistant"}, {"value", "3"}}));
}

TEST(SampleDraw, IsUniformAndStaysInRange) {
  Draw draw({3, 4});
  std::array<int, 7> counts{};
  for (int i = 0; i < 70'000; ++i) ++counts[draw.below(7)];
  for (const int count : counts) EXPECT_NEAR(count, 10'000, 500);
  for (int i = 0; i < 1000; ++i) {
    const int value = draw.between(-2, 2);
    EXPECT_TRUE(value >= -2 && value <= 2);
  }
}

}  // namespace
}  // namespace genesis::data::samples
