#pragma once
#include <cstdint>

#include "kernels/core/dtype.h"

namespace genesis::kernels::cuda {

/// A matrix on the card. Row-major with rows `row` elements apart; `transposed`: what is stored is its
/// transpose.
struct GemmOperand {
  const void* data = nullptr;
  int64_t row = 0;
  bool transposed = false;
  int64_t batch = 0;  ///< elements from one matrix of a batch to the next
};

/// C = alpha op(A) op(B) + bias [+ C], row-major: A [m, k], B [k, n], C [m, n], bias [n].
/// Types: in f32 | bf16 | f16, out the same or f32, bias as out; sums in f32 (f32 inputs are not rounded to
/// TF32 unless
///   allow_tf32(true)).
/// Stream: the current one; asynchronous. 32 MiB of workspace a process and stream.
/// Determinism: bitwise for equal shapes, algorithm (gemm_tuning.h) and card.
/// Errors: genesis::Error naming shape and types when no algorithm exists.
struct Gemm {
  int64_t m = 0, n = 0, k = 0;
  DType in = DType::f32, out = DType::f32;
  GemmOperand a, b;
  void* c = nullptr;
  int64_t c_row = 0, c_batch = 0;
  const void* bias = nullptr;
  double alpha = 1;
  bool accumulate = false;
  int64_t batches = 1;
};

void gemm(const Gemm& g);

/// Lets f32 products round their inputs to TF32 (10 bits) for speed. Off by default.
void allow_tf32(bool on);

}  // namespace genesis::kernels::cuda
