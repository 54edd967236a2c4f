#include "kernels/split_master.h"

#include <cmath>

#include "kernels/core/master_bits.h"
#include "kernels/core/parallel_for.h"

namespace genesis::kernels {
namespace {

constexpr int64_t kGrain = 1 << 15;

}  // namespace

void run_cpu(const SplitMaster& o) {
  const float* master = o.master.data<float>();
  bf16* weight = o.into.weight.data<bf16>();
  auto* remainder = static_cast<uint16_t*>(o.into.remainder.raw());
  float* carrier = o.into.second_moment.data<float>();
  parallel_for(o.master.numel(), kGrain, [=](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const auto bits = std::bit_cast<uint32_t>(master[i]);
      weight[i] = bf16(master[i]);
      remainder[i] = remainder_bits(bits);
      carrier[i] = std::copysign(carrier[i], is_carried_tie(bits) ? -1.0f : 1.0f);
    }
  });
  o.into.weight.storage().bump_version();
}

void run_cpu(const JoinMaster& o) {
  float* master = o.master.data<float>();
  const bf16* weight = o.from.weight.data<bf16>();
  const auto* remainder = static_cast<const uint16_t*>(o.from.remainder.raw());
  const float* carrier = o.from.second_moment.data<float>();
  parallel_for(o.master.numel(), kGrain, [=](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i)
      master[i] = std::bit_cast<float>(
          joined_bits(std::bit_cast<uint32_t>(float(weight[i])), remainder[i], std::signbit(carrier[i])));
  });
}

}  // namespace genesis::kernels
