#pragma once
#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "data/chat/chat_format.h"

namespace genesis::data {

/// What a dataset's tokens weigh in the loss, one byte a token: code 0 carries none, code 1 weighs 1, and the
/// codes from 2 on stand for other weights, in the order in which they were first met.
class WeightTable {
 public:
  static constexpr int kMostOthers = 254;

  WeightTable() = default;
  /// `others`: the weights of the codes from 2 on. Errors: DataError when one is no positive float or comes
  /// twice, or there are too many.
  explicit WeightTable(std::span<const double> others);

  /// The code of a weight from 0 on, a new one where it has none. Errors: DataError when a dataset has more
  /// than kMostOthers weights other than 0 and 1.
  uint8_t code_of(float weight);
  float weight_of(uint8_t code) const { return weights_[code]; }

  int codes() const { return codes_; }  ///< codes below this one have a weight
  std::span<const float> others() const { return {weights_.data() + 2, size_t(codes_ - 2)}; }

  /// The codes of a sample's tokens, [ids]. Errors: genesis::Error when a label is neither its token nor
  /// kIgnoredLabel, or the sizes differ; DataError as code_of.
  std::vector<uint8_t> codes_of(const LabelledTokens& tokens);

 private:
  std::array<float, 256> weights_{0, 1};
  int codes_ = 2;
};

}  // namespace genesis::data
