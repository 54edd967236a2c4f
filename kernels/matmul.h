#pragma once
#include "kernels/core/run.h"

namespace genesis::kernels {

/// Matrix product of the last two dimensions, for every index z of the leading ones.
///   C_zij = [accumulate] C_zij + sum_p op(A)_zip op(B)_zpj + bias_j,  op(X) = X or its transpose
/// Shapes: op(A) [..., M, K], op(B) [..., K, N], C [..., M, N], bias [N] or undefined; equal leading extents
/// (a stride
///         of 0 repeats A or B). The last dimension has stride 1; A and B may instead have it in the one
///         before (a transposed view). C's rows may be apart. bias is contiguous.
/// Types: f64, f32, bf16; A and B equal; C the same or f32; bias the same or f32. Sums in f32, f64 for f64.
/// Errors: genesis::Error when shapes, dtypes or strides do not fit.
/// Determinism: bitwise for a fixed thread count.
struct MatMul {
  static constexpr const char* kName = "matmul";
  Array a, b, c;
  Array bias;
  bool transpose_a = false, transpose_b = false, accumulate = false;

  Device device() const { return c.device(); }
  void check() const;
};

void run_cpu(const MatMul& op);
void run_cuda(const MatMul& op);

}  // namespace genesis::kernels
