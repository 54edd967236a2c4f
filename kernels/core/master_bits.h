#pragma once
#include <cstdint>

namespace genesis {

/// A f32 master weight kept as the bf16 weight it rounds to and its lower 16 bits, the remainder.
///   Rounding to nearest even adds one to the upper half when the lower half is above 0x8000, or when it is
///   0x8000 and the upper half is odd. Lower halves tell which, but for that tie: an even bf16 weight is the
///   rounding of 65,537 masters, one more than 16 bits can tell apart. So one bit more is kept, of ties
///   alone: `carried`.
/// Exactly reversible for every f32 that is a number; a NaN stays a NaN. All values are bit patterns;
/// `weight` is the bf16 weight widened to f32.

/// The lower half of a master.
constexpr uint16_t remainder_bits(uint32_t master) { return uint16_t(master); }

/// Whether a master lies halfway between two bf16 values and is rounded up.
constexpr bool is_carried_tie(uint32_t master) { return (master & 0x1ffffu) == 0x18000u; }

/// The master that rounds to `weight` and has this lower half; `carried` counts where that is 0x8000.
constexpr uint32_t joined_bits(uint32_t weight, uint16_t remainder, bool carried) {
  const bool up = remainder > 0x8000u || (remainder == 0x8000u && carried);
  return (weight - (uint32_t(up) << 16)) | remainder;
}

}  // namespace genesis
