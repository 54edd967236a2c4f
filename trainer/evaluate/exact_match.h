#pragma once
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "trainer/inference/loaded_model.h"

namespace genesis::trainer {

/// Right answers of a number of questions.
struct Score {
  int64_t questions = 0;
  int64_t right = 0;

  double share() const { return questions == 0 ? 0.0 : double(right) / double(questions); }
};

/// A question with the answer it should have had.
struct WrongAnswer {
  std::string where;  ///< "heldout.jsonl:17"
  std::string question, expected, answer;
};

struct ExactMatch {
  Score all;
  std::map<std::string, Score> tasks;  ///< by the records' task; empty when no record has one
  std::vector<WrongAnswer> wrong;      ///< the first ones, as many as were asked for
  int64_t new_tokens = 0;
  double seconds = 0;
};

struct ExactMatchOptions {
  int64_t limit = 0;  ///< questions at most; 0: all of the file
  size_t keep_wrong = 5;
};

/// Asks a model the last question of every conversation of a chat file (after the turns before it, as they
/// stand in the file), greedily and many at a time, and compares with the assistant turn that follows it: the
/// texts must be equal but for space at the ends. An answer much longer than the expected one is cut off: it
/// is wrong already.
/// Errors: DataError naming file:line:column for a bad record, one that does not end with an answer, and a
///   prompt longer than the context.
ExactMatch exact_match(LoadedModel& model, const std::filesystem::path& file,
                       const ExactMatchOptions& options = {});

}  // namespace genesis::trainer
