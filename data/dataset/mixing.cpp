#include "data/dataset/mixing.h"

#include <cmath>

#include "data/sampler/sample_order.h"
#include "kernels/core/check.h"
#include "kernels/core/rng.h"

namespace genesis::data {
namespace {
constexpr uint64_t kStream = 0x6d6978696e67;  // "mixing"
}

std::vector<int64_t> mix(std::span<const MixPart> parts, uint64_t seed) {
  std::vector<int64_t> indices;
  int64_t first = 0;
  for (size_t p = 0; p < parts.size(); ++p) {
    const auto [n, weight] = parts[p];
    GENESIS_CHECK(std::isfinite(weight) && weight > 0, "weight ", weight, " of part ", p, " must be above 0");
    const double whole = std::floor(weight);
    const int64_t extra = int64_t(std::llround((weight - whole) * double(n)));
    std::vector<bool> chosen(size_t(n), false);
    if (extra > 0) {
      const SampleOrder order(n, stream_of({kStream, seed, p}));
      for (int64_t i = 0; i < extra; ++i) chosen[size_t(order.at(i))] = true;
    }
    for (int64_t i = 0; i < n; ++i)
      for (int64_t copies = int64_t(whole) + chosen[size_t(i)]; copies > 0; --copies)
        indices.push_back(first + i);
    first += n;
  }
  GENESIS_CHECK(!indices.empty(), "the mix holds no sample");
  return indices;
}

}  // namespace genesis::data
