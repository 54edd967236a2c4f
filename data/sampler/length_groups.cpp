#include "data/sampler/length_groups.h"

#include <algorithm>

#include "kernels/core/check.h"
#include "kernels/core/rng.h"

namespace genesis::data {
namespace {
constexpr uint64_t kStream = 0x6c656e677468;  // "length"
}

LengthGroups::LengthGroups(const SampleOrder& order, const SampleRows& rows, uint64_t seed, int64_t block)
    : order_(order), rows_(rows), seed_(seed), block_(block) {
  GENESIS_CHECK(block >= 1, "groups of ", block, " rows");
  GENESIS_CHECK(order.size() == rows.size(), "the order is over ", order.size(), " rows, there are ",
                rows.size());
}

std::vector<int64_t> LengthGroups::window(int64_t epoch, int64_t number) const {
  const int64_t n = order_.size(), size = block_ * kBlocks, first = number * size;
  std::vector<int64_t> rows(static_cast<size_t>(std::min(size, n - first)));
  for (size_t i = 0; i < rows.size(); ++i) rows[i] = order_.at(epoch * n + first + int64_t(i));
  std::stable_sort(rows.begin(), rows.end(),
                   [&](int64_t a, int64_t b) { return rows_.tokens(a) > rows_.tokens(b); });
  const int64_t blocks = (int64_t(rows.size()) + block_ - 1) / block_;
  const SampleOrder shuffled(blocks, stream_of({kStream, seed_, uint64_t(epoch), uint64_t(number)}));
  std::vector<int64_t> result;
  for (int64_t b = 0; b < blocks; ++b) {
    const auto begin = rows.begin() + shuffled.at(b) * block_;
    result.insert(result.end(), begin, begin + std::min(block_, rows.end() - begin));
  }
  return result;
}

int64_t LengthGroups::at(int64_t g) const {
  GENESIS_CHECK(g >= 0, "global row index ", g, " is negative");
  const int64_t epoch = g / order_.size(), inside = g % order_.size(), size = block_ * kBlocks;
  const std::lock_guard lock(mutex_);
  if (epoch_ != epoch || number_ != inside / size) {
    kept_ = window(epoch, inside / size);
    epoch_ = epoch;
    number_ = inside / size;
  }
  return kept_[size_t(inside % size)];
}

}  // namespace genesis::data
