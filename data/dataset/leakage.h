#pragma once
#include <cstdint>
#include <vector>

#include "data/dataset/sample_store.h"

namespace genesis::data {

/// Indices of the samples of `eval` that `train` holds too, token for token and mask for mask.
std::vector<int64_t> leaked_samples(const SampleStore& train, const SampleStore& eval);

}  // namespace genesis::data
