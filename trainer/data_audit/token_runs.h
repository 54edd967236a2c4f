#pragma once
#include <string>
#include <vector>

#include "data/dataset/sample_store.h"
#include "data/tokenizer/tokenizer.h"

namespace genesis::trainer {

/// Neighbouring tokens of a sample that all carry loss, or none of which does, as text. A character whose
/// bytes are shared by two runs shows as U+FFFD.
struct TokenRun {
  std::string text;
  bool supervised = false;
};
std::vector<TokenRun> token_runs(const data::Tokenizer& tokenizer, const data::SampleView& sample);

}  // namespace genesis::trainer
