#include "data/sampler/sample_order.h"

#include "kernels/core/check.h"
#include "kernels/core/rng.h"

namespace genesis::data {
namespace {
constexpr int kRounds = 6;
constexpr uint64_t kStream =
    0x73616d706c6572;  // "sampler": keeps these words apart from other uses of the seed
}  // namespace

SampleOrder::SampleOrder(int64_t n, uint64_t seed, bool shuffle) : n_(n), seed_(seed), shuffle_(shuffle) {
  GENESIS_CHECK(n >= 1, "an order needs at least one sample, not ", n);
  while ((uint64_t{1} << (2 * half_bits_)) < uint64_t(n)) ++half_bits_;
}

uint64_t SampleOrder::permute(uint64_t value, uint64_t epoch) const {
  const uint64_t mask = (uint64_t{1} << half_bits_) - 1;
  uint64_t left = value >> half_bits_, right = value & mask;
  for (uint64_t round = 0; round < kRounds; ++round) {
    const uint64_t mixed = philox(seed_, stream_of({kStream, epoch, round}), right)[0];
    const uint64_t next = left ^ (mixed & mask);
    left = right;
    right = next;
  }
  return left << half_bits_ | right;
}

int64_t SampleOrder::at(int64_t g) const {
  GENESIS_CHECK(g >= 0, "global sample index ", g, " is negative");
  uint64_t value = uint64_t(g % n_);
  if (!shuffle_) return int64_t(value);
  do value = permute(value, uint64_t(g / n_));
  while (value >= uint64_t(n_));
  return int64_t(value);
}

}  // namespace genesis::data
