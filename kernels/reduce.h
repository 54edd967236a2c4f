#pragma once
#include "kernels/core/array.h"

namespace genesis::kernels {

enum class ReduceKind { sum, mean, max };

/// y = sum, mean or largest element of x along `dims`.
/// Shapes: x any, any strides; y contiguous, with the kept extents in order (reduced ones may stay as 1 or be
/// left out) Types: x f64 | f32 | bf16; y as x, or the type of the sums (f64 for f64, else f32) Errors:
/// genesis::Error when a dimension is out of range or named twice, or for the largest of nothing Determinism:
/// bitwise for any number of threads: segments are a function of the shape alone; max passes NaN on
struct Reduce {
  static constexpr const char* kName = "reduce";
  ReduceKind kind = ReduceKind::sum;
  Array x;
  Shape dims;  ///< 0-based; negative ones count from the end
  Array y;
  Device device() const { return x.device(); }
  void check() const;
};

void run_cpu(const Reduce&);
void run_cuda(const Reduce&);

/// Which dimensions `dims` names, one flag each. Errors: genesis::Error as above.
std::vector<bool> reduced_dimensions(int64_t ndim, const Shape& dims);
/// x's shape with the reduced extents set to 1 (keep) or left out.
Shape reduced_shape(const Shape& shape, const Shape& dims, bool keep);

}  // namespace genesis::kernels
