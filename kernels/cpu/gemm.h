#pragma once
#include <cstdint>

#include "kernels/core/array.h"

namespace genesis::kernels::cpu {

/// One operand of a product: element (i, j) of batch z is data[z * batch + i * row + j * col].
///   Of row and col at least one is 1 wherever the extent it steps over is above 1.
struct GemmOperand {
  const void* data = nullptr;
  int64_t row = 0, col = 1, batch = 0;
};

/// C[z] (+)= A[z] B[z] + bias, z < batches: the form every CPU matrix product of this layer takes.
///   C_ij = [accumulate] C_ij + sum_p A_ip B_pj + bias_j
/// Shapes: A [m, k], B [k, n], C [m, n], bias [n] contiguous
/// Types: in (A and B) f64, f32, bf16; out = in or f32; sums in f32 (f64 for f64); bias f32 or in
/// Determinism: bitwise for equal shapes, strides and thread count.
struct Gemm {
  int64_t m = 0, n = 0, k = 0, batches = 1;
  DType in = DType::f32, out = DType::f32;
  GemmOperand a, b;
  void* c = nullptr;
  int64_t c_row = 0, c_batch = 0;
  const void* bias = nullptr;
  DType bias_dtype = DType::f32;
  bool accumulate = false;
};

/// Picks the path: oneDNN for f32 and bf16, dot products for a few rows against a transposed B (a decode step
/// is bound by reading B once, and oneDNN copies B first), a blocked loop for f64. Extents of 0 are legal.
void gemm(const Gemm& g);

/// The same through a copy of B in oneDNN's own layout. The copy (MemoryCategory::workspace) is kept beside
/// `owner`'s storage, whose bytes B is made of, until the next in-place write.
///   Worth it for bf16 from kPackedRows rows on. Measured on 4 cores of an EPYC 9004 (AVX512-BF16) with 2048
///   rows: 770 - 850 GFLOP/s plain, 870 - 910 packed, packing itself 2 - 4 % of one product; with AMX the
///   gain is larger (1.1 - 1.8x). In f32 it is 3 - 6 %, too little for a second copy of every weight.
/// Types: f32, bf16
void gemm_packed(const Gemm& g, const Array& owner);

inline constexpr int64_t kPackedRows = 1024;

/// The three paths, for gemm() and the tests.
void gemm_onednn(const Gemm& g);    ///< f32, bf16; m, n, k > 0
void gemm_few_rows(const Gemm& g);  ///< any dtype; b.row == 1 and a.col == 1
void gemm_blocked(const Gemm& g);   ///< f64

/// Rows up to which gemm_few_rows, which reads B once and in place, is the faster path. Measured in bf16 on
/// one core of an EPYC (Zen 4), B of 22 MB from memory: 1.9x oneDNN's rate at 1 row, 1.5x at 4, 1.2x at 8,
/// the same at 16, 0.9x at 32; with one row 0.76 - 0.97 of the rate at which the core reads that memory.
constexpr int64_t few_rows_limit(DType in) { return in == DType::f64 ? 4 : 16; }

}  // namespace genesis::kernels::cpu
