#pragma once
#include <span>
#include <utility>
#include <vector>

#include "kernels/core/array.h"
#include "parallel/communicator.h"

namespace genesis::parallel {

/// Sum of squares of each parameter's gradient, the same bits however its elements are cut into slices and
/// dealt to ranks: squares of f32 are exact in f64, and sums carry their rounding errors along (twice f64's
/// digits), so the order of adding shows only beyond the digits of the result.
///   slices: (parameter, contiguous f32 or f64 elements) of this rank; `group`: the ranks that hold the other
///   slices, or null when this one holds all. Collective with a group.
/// Source: Dekker, "A floating-point technique for extending the available precision", 1971 (two-sum).
std::vector<double> exact_squares(std::span<const std::pair<size_t, Array>> slices, size_t parameters,
                                  Communicator* group);

}  // namespace genesis::parallel
