#pragma once
#include <vector>

#include "data/dataset/sample_store.h"

namespace genesis::testing {

/// Samples of these lengths whose tokens are 1000 * index + position; every second token, and the last,
/// carries loss.
inline data::MemoryStore samples_of_lengths(const std::vector<int>& lengths) {
  data::MemoryStore store;
  for (size_t i = 0; i < lengths.size(); ++i) {
    data::LabelledTokens tokens;
    for (int t = 0; t < lengths[i]; ++t) {
      tokens.ids.push_back(int32_t(1000 * i) + t);
      tokens.labels.push_back(t % 2 == 1 || t + 1 == lengths[i] ? tokens.ids.back() : data::kIgnoredLabel);
    }
    store.add(tokens);
  }
  return store;
}

}  // namespace genesis::testing
