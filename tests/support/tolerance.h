#pragma once
#include <cmath>

#include "kernels/core/dtype.h"

namespace genesis::testing {

/// How far a kernel's result may lie from an f64 formula on the same (already rounded) inputs. Every figure
/// is relative to max(|wanted|, root mean square of all wanted values); one table, so that a loosened figure
/// is seen.
struct Tolerance {
  // One fused formula per element, a handful of roundings. Unit roundoff: f64 1.1e-16, f32 6.0e-8,
  // bf16 3.9e-3 (2^-8). bf16 computes in f32 and rounds once to nearest: its roundoff plus the f32 error.
  static constexpr double pointwise(DType t) {
    return t == DType::f64 ? 2e-15 : t == DType::f32 ? 1e-6 : 0.004;
  }

  // As pointwise, but rounded to the dtype once more in between (rms_norm before its weight): two roundoffs
  // in bf16.
  static constexpr double rounded_twice(DType t) { return t == DType::bf16 ? 0.0082 : pointwise(t); }

  // cos and sin of angles up to a few hundred: the angle's own roundoff is multiplied by its size. Tables are
  // made in f64, so narrower types see only the rounding of the table.
  static constexpr double angle(DType t) { return t == DType::f64 ? 2e-13 : pointwise(t); }

  // Sums of up to some thousand terms: lanes keep the error near sqrt(n/32) roundoffs of the largest partial
  // sum.
  static constexpr double sum(DType t) { return t == DType::f64 ? 1e-13 : t == DType::f32 ? 4e-6 : 0.004; }

  // A column summed in f32 (f64 for f64) over many rows whose terms were rounded to f32: as sum, whatever the
  // rows' dtype.
  static constexpr double column_sum(DType t) { return t == DType::f64 ? 1e-13 : 1e-5; }
};

}  // namespace genesis::testing
