#include "data/samples/generate.h"

#include <array>
#include <nlohmann/json.hpp>
#include <unordered_set>

#include "data/samples/arithmetic.h"
#include "data/samples/clock.h"
#include "data/samples/letters.h"
#include "data/samples/numbers.h"
#include "data/samples/person.h"
#include "data/samples/words.h"

namespace genesis::data::samples {
namespace {

constexpr uint64_t kTrain = 1, kHeldOut = 2;  // streams

Dialogue one_family(Draw& draw, Side side, int turns) {
  const uint32_t share = draw.below(100);
  if (share < 30) return arithmetic(draw, side, turns);
  if (share < 47) return numbers(draw, side, turns);
  if (share < 66) return words(draw, side, turns);
  if (share < 79) return letters(draw, side, turns);
  if (share < 88) return clock(draw, side, turns);
  return person(draw, side, std::max(turns, 2));
}

Dialogue conversation(Draw& draw, Side side) {
  constexpr std::array<int, 10> kTurns = {1, 1, 1, 2, 2, 2, 2, 3, 3, 4};
  const int turns = draw.pick(kTurns);
  if (turns < 2 || !draw.chance(30)) return one_family(draw, side, turns);
  Dialogue dialogue = one_family(draw, side, (turns + 1) / 2);
  for (Turn& turn : one_family(draw, side, (turns + 1) / 2)) dialogue.push_back(std::move(turn));
  return dialogue;
}

/// What is said, without the keys: conversations with equal texts are one sample twice.
std::string text_of(const Dialogue& dialogue) {
  std::string text;
  for (const Turn& turn : dialogue) text += turn.question + '\n' + turn.answer + '\n';
  return text;
}

}  // namespace

std::vector<Record> training_records(uint64_t seed, int64_t count) {
  std::vector<Record> records;
  records.reserve(size_t(count));
  std::unordered_set<std::string> said;
  for (int64_t i = 0; i < count; ++i) {
    Draw draw({seed, stream_of({kTrain, uint64_t(i)})});
    Dialogue dialogue = conversation(draw, Side::train);
    while (!said.insert(text_of(dialogue)).second) dialogue = conversation(draw, Side::train);
    records.push_back({fmt::format("train_{}", i), std::move(dialogue)});
  }
  return records;
}

std::vector<Record> held_out_records(uint64_t seed, int64_t count) {
  std::vector<Record> records;
  std::unordered_set<std::string> asked;
  for (uint64_t i = 0; int64_t(records.size()) < count; ++i) {
    Draw draw({seed, stream_of({kHeldOut, i})});
    Dialogue dialogue = conversation(draw, Side::held_out);
    if (!asked.insert(dialogue.back().key).second) continue;
    records.push_back({fmt::format("heldout_{}", records.size()), std::move(dialogue)});
  }
  return records;
}

std::string to_json_line(const Record& record) {
  nlohmann::ordered_json line, keys = nlohmann::ordered_json::array(),
                               turns = nlohmann::ordered_json::array();
  for (const Turn& turn : record.dialogue) {
    keys.push_back(turn.key);
    turns.push_back({{"from", "user"}, {"value", turn.question}});
    turns.push_back({{"from", "assistant"}, {"value", turn.answer}});
  }
  line["id"] = record.id;
  line["keys"] = std::move(keys);
  line["conversations"] = std::move(turns);
  return line.dump();
}

}  // namespace genesis::data::samples
