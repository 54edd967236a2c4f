#pragma once
#include "kernels/core/array.h"

namespace genesis::kernels {

/// Small sums of what belongs together: slices of a parameter, losses of a step's micro-batches.
///   sums_p = factor * sum over i with owners_i = p of values_i, in the order of i; 0 where there is none
/// Shapes: values, owners [N]; sums [P]; contiguous. owners on the host, each in [0, P)
/// Types: values f64 | f32; owners i64; sums f64, summed in f64      Determinism: bitwise, the same
/// everywhere
struct OwnerSums {
  static constexpr const char* kName = "owner_sums";
  Array values, owners, sums;
  double factor = 1;
  Device device() const { return sums.device(); }
  void check() const;
};

void run_cpu(const OwnerSums&);
void run_cuda(const OwnerSums&);

}  // namespace genesis::kernels
