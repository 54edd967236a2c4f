#pragma once
#include <cstdint>

namespace genesis::models {

/// What backward computes again in a block instead of keeping it, from the cheapest to what saves most.
/// Numbers kept a token: 8 H + 3 F, 8 H + 2 F, 8 H, 2 H (grouped heads: fewer). The gradients are the same
/// bits.
enum class Recompute : uint8_t {
  nothing,
  activation,    ///< the product of gate and up: a pass over memory
  feed_forward,  ///< also gate and up themselves: one product
  block,         ///< everything but the block's inputs
};

}  // namespace genesis::models
