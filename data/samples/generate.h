#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "data/samples/dialogue.h"

namespace genesis::data::samples {

// What the quick start is tuned for (configs/quickstart.yaml).
constexpr uint64_t kSeed = 17;
constexpr int64_t kTrainingRecords = 16'000;
constexpr int64_t kHeldOutRecords = 500;

/// One line of a file: a conversation and the key of the problem behind each of its questions.
struct Record {
  std::string id;
  Dialogue dialogue;
};

/// `count` training conversations of 2 to 5 turns over all families, no two of them the same.
/// Determinism: record i depends on (seed, i) alone, bitwise, whatever `count` is: one that says what an
/// earlier one says is drawn again.
std::vector<Record> training_records(uint64_t seed, int64_t count);

/// `count` held-out conversations; the question to answer is the last one. No two ask for the same problem.
std::vector<Record> held_out_records(uint64_t seed, int64_t count);

/// {"id", "keys", "conversations": [{"from", "value"}…]} on one line, without the line feed.
std::string to_json_line(const Record& record);

}  // namespace genesis::data::samples
