#pragma once
// Arrays on a card, and how long work on it takes.
#include <functional>

#include "kernels/core/array.h"

namespace genesis::bench {

/// Normals of standard deviation `scale`, and memory with no values yet, on the card.
Array random(const Shape& shape, DType dtype, uint64_t stream, double scale = 1);
Array empty(const Shape& shape, DType dtype);

/// Median seconds of one call, of 7 groups of calls; a group is given away whole, and is long enough for the
/// host's clock. Waits for the card.
double seconds_of(const std::function<void()>& fn);

}  // namespace genesis::bench
