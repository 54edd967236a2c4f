#include "parallel/bucket_layout.h"

#include <algorithm>

namespace genesis::parallel {
namespace {

constexpr int64_t kCacheLine = 64;  // bytes

int64_t round_up(int64_t n, int64_t unit) { return (n + unit - 1) / unit * unit; }

/// Elements that keep both the gradient and the weight on cache lines.
int64_t unit_of(DType gradient, DType weight) {
  return kCacheLine / std::min(size_of(gradient), size_of(weight));
}

}  // namespace

std::vector<BucketShape> bucket_layout(std::span<const ParameterSize> parameters, int64_t bucket_bytes,
                                       int shards) {
  std::vector<BucketShape> buckets;
  for (size_t i = parameters.size(); i-- > 0;) {
    const ParameterSize& p = parameters[i];
    const int64_t count = round_up(p.count, unit_of(p.gradient, p.weight));
    // The open bucket of these types is the last one of them.
    auto open = std::find_if(buckets.rbegin(), buckets.rend(), [&](const BucketShape& b) {
      return b.gradient == p.gradient && b.weight == p.weight;
    });
    if (open == buckets.rend() || (open->count + count) * size_of(p.gradient) > bucket_bytes) {
      buckets.push_back({.gradient = p.gradient, .weight = p.weight, .count = 0, .members = {}});
      open = buckets.rbegin();
    }
    open->members.push_back({i, open->count, p.count});
    open->count += count;
  }
  for (BucketShape& b : buckets) {
    if (shards > 1) b.count = round_up(b.count, unit_of(b.gradient, b.weight) * shards);
  }
  std::stable_sort(buckets.begin(), buckets.end(), [](const BucketShape& a, const BucketShape& b) {
    return a.members.back().parameter > b.members.back().parameter;
  });
  return buckets;
}

std::vector<OwnedSlice> owned_slices(std::span<const BucketShape> buckets, int rank, int shards) {
  std::vector<OwnedSlice> slices;
  for (size_t b = 0; b < buckets.size(); ++b) {
    const int64_t each = buckets[b].count / shards, first = each * rank, last = first + each;
    for (const BucketMember& m : buckets[b].members) {
      const int64_t begin = std::max(first, m.offset), end = std::min(last, m.offset + m.count);
      if (begin < end) slices.push_back({b, m.parameter, begin - m.offset, end - m.offset, begin});
    }
  }
  return slices;
}

}  // namespace genesis::parallel
