#pragma once
#include <string>
#include <vector>

#include "trainer/inference/loaded_model.h"

namespace genesis::trainer {

/// What a model and its tokenizer make of a fixed set of texts: English, Chinese, digits, code, markup, emoji
/// and a chat prompt.
struct SampleOutputs {
  std::vector<std::vector<int32_t>> ids;    ///< [texts] all token ids
  std::vector<std::vector<int32_t>> heads;  ///< [texts] the ids the model was shown: the first 64 at most
  std::vector<float> logits;                ///< [sum of heads, V]
};

/// Errors: NumericsError when a logit is not finite.
SampleOutputs sample_outputs(models::QwenModel& model, const data::Tokenizer& tokenizer,
                             const data::ChatFormat& chat);

/// Errors: CheckpointError "`where`: ..." naming text, position, token and both values where the two are not
/// bit for bit the same.
void expect_same(const SampleOutputs& expected, const SampleOutputs& found, const std::string& where);

/// The largest |a - b| over all logits.
double largest_difference(const SampleOutputs& a, const SampleOutputs& b);

}  // namespace genesis::trainer
