#include "data/dataset/weight_table.h"

#include <algorithm>
#include <limits>

#include "kernels/core/check.h"

namespace genesis::data {

WeightTable::WeightTable(std::span<const double> others) {
  for (const double weight : others) {
    const int next = codes_;
    const bool fits = weight > 0 && weight <= double(std::numeric_limits<float>::max());
    if (!fits || code_of(float(weight)) != next)
      throw DataError("a loss weight of {} is no positive float, or is given twice", weight);
  }
}

uint8_t WeightTable::code_of(float weight) {
  const auto end = weights_.begin() + codes_;
  const auto known = std::find(weights_.begin(), end, weight);
  if (known != end) return uint8_t(known - weights_.begin());
  if (codes_ == 2 + kMostOthers)
    throw DataError("the samples have more than {} different loss weights; {} is one too many", kMostOthers,
                    weight);
  weights_[size_t(codes_)] = weight;
  return uint8_t(codes_++);
}

std::vector<uint8_t> WeightTable::codes_of(const LabelledTokens& tokens) {
  const size_t n = tokens.ids.size();
  GENESIS_CHECK(tokens.labels.size() == n, "a sample has ", n, " ids and ", tokens.labels.size(), " labels");
  GENESIS_CHECK(tokens.weights.empty() || tokens.weights.size() == n, "a sample has ", n, " ids and ",
                tokens.weights.size(), " weights");
  std::vector<uint8_t> codes(n);
  for (size_t t = 0; t < n; ++t) {
    if (tokens.labels[t] == kIgnoredLabel) continue;
    GENESIS_CHECK(tokens.labels[t] == tokens.ids[t], "label ", tokens.labels[t], " at ", t,
                  " is not its token ", tokens.ids[t]);
    codes[t] = tokens.weights.empty() ? 1 : code_of(tokens.weights[t]);
  }
  return codes;
}

}  // namespace genesis::data
