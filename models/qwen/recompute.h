#pragma once
#include <cstdint>

namespace genesis::models {

/// What backward computes again in a block instead of keeping it, from the cheapest to what saves most.
/// Numbers kept a token: 8 H + 3 F, 6 H + 2 F, 6 H, H (grouped heads: fewer). The gradients are the same
/// bits. A rank that shares the model does the same to its part; where it holds a share of the rows (sequence
/// parallelism) gate and up are kept, since making them again would gather rows again.
enum class Recompute : uint8_t {
  nothing,
  activation,    ///< the outputs of both norms, the product of gate and up: passes over memory
  feed_forward,  ///< also gate and up themselves: one product
  block,         ///< everything but the residual sum
};

/// Whether values that passes over memory make are given back: with `block` all of them go at once.
constexpr bool recomputes_passes(Recompute what) {
  return what == Recompute::activation || what == Recompute::feed_forward;
}

}  // namespace genesis::models
