#pragma once
#include <string>
#include <vector>

#include "data/dataset/sample_store.h"
#include "data/tokenizer/tokenizer.h"

namespace genesis::trainer {

/// Neighbouring tokens of a sample that all carry loss of one weight, or none of which does, as text. A
/// character whose bytes are shared by two runs shows as U+FFFD.
struct TokenRun {
  std::string text;
  bool supervised = false;
  float weight = 0;  ///< of the loss of each of its tokens

  /// "×0.5" where its losses do not weigh 1.
  std::string weight_mark() const;
};
std::vector<TokenRun> token_runs(const data::Tokenizer& tokenizer, const data::SampleView& sample);

}  // namespace genesis::trainer
