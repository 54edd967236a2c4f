#pragma once
#include "kernels/core/run.h"

namespace genesis::kernels {

/// y_ni = sum_j weight_ij x_nj + bias_i
/// Shapes: x [N, in], weight [out, in], bias [out] or undefined, y [N, out]; rows may be apart, weight and
/// bias contiguous Types: x, weight equal: f64, f32, bf16; y the same or f32; bias the same or f32. Sums in
/// f32, f64 for f64. Ownership: a packed copy of a bf16 weight (MemoryCategory::workspace) is kept beside its
/// storage until the next
///            in-place write (Storage::derived), where packing pays; the bench gemm says where.
/// Errors: genesis::Error when shapes, dtypes or strides do not fit.
/// Determinism: bitwise for a fixed thread count.
struct LinearForward {
  static constexpr const char* kName = "linear.forward";
  Array x, weight, bias;
  Array y;

  Device device() const { return y.device(); }
  void check() const;
};

/// dx_nj = sum_i dy_ni weight_ij     dweight_ij (+)= sum_n dy_ni x_nj     dbias_i (+)= sum_n dy_ni
/// Shapes: dy [N, out], x and dx [N, in], weight and dweight [out, in], dbias [out]. An undefined output is
/// not
///         computed, and what only it needs may be undefined. Rows of dy, x, dx may be apart.
/// Types: dy, x, weight, dx equal: f64, f32, bf16; dweight, dbias the same or f32. Sums in f32, f64 for f64.
///        An f32 dweight takes the products as they are summed: no temporary of its size, no rounding
///        between.
/// Errors, Determinism: as LinearForward; dbias sums rows in blocks whose bounds do not depend on the thread
/// count.
struct LinearBackward {
  static constexpr const char* kName = "linear.backward";
  Array dy, x, weight;
  Array dx, dweight, dbias;
  bool accumulate_dweight = false, accumulate_dbias = false;

  Device device() const { return dy.device(); }
  void check() const;
};

void run_cpu(const LinearForward& op);
void run_cuda(const LinearForward& op);
void run_cpu(const LinearBackward& op);
void run_cuda(const LinearBackward& op);

}  // namespace genesis::kernels
