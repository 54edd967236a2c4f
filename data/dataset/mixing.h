#pragma once
#include <cstdint>
#include <span>
#include <vector>

namespace genesis::data {

/// The samples of one part of a mixed dataset, and how often an epoch sees each.
struct MixPart {
  int64_t samples = 0;
  double weight = 1;
};

/// Indices of a mix over the parts' samples laid one after the other: each sample of a part floor(weight)
/// times, and round(fraction of weight x samples) of them, drawn by the seed, once more. In the order of the
/// samples. Errors: genesis::Error when a weight is not above 0 or the mix is empty. Determinism: a function
/// of the arguments alone.
std::vector<int64_t> mix(std::span<const MixPart> parts, uint64_t seed);

}  // namespace genesis::data
