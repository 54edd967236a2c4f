// kernels/cuda/gemm.h by three loops: what cuBLASLt does on a card.
#include "kernels/cuda/gemm.h"

#include <vector>

#include "emulator.h"

namespace genesis::kernels::cuda {
namespace {

float read(const void* p, DType t, int64_t i) {
  if (t == DType::f32) return static_cast<const float*>(p)[i];
  if (t == DType::bf16) return float(static_cast<const bf16*>(p)[i]);
  return float(static_cast<const f16*>(p)[i]);
}

void write(void* p, DType t, int64_t i, float x) {
  if (t == DType::f32)
    static_cast<float*>(p)[i] = x;
  else if (t == DType::bf16)
    static_cast<bf16*>(p)[i] = bf16(x);
  else
    static_cast<f16*>(p)[i] = f16(x);
}

/// op(X) as row-major floats.
std::vector<float> matrix(const GemmOperand& x, DType t, int64_t rows, int64_t columns, int64_t z) {
  std::vector<float> out(size_t(rows * columns));
  for (int64_t i = 0; i < rows; ++i)
    for (int64_t j = 0; j < columns; ++j)
      out[size_t(i * columns + j)] =
          read(x.data, t, z * x.batch + (x.transposed ? j * x.row + i : i * x.row + j));
  return out;
}

}  // namespace

void gemm(const Gemm& g) {
  emulation::DeviceAccess access;
  for (int64_t z = 0; z < g.batches; ++z) {
    const auto a = matrix(g.a, g.in, g.m, g.k, z), b = matrix(g.b, g.in, g.k, g.n, z);
    for (int64_t i = 0; i < g.m; ++i) {
      std::vector<float> sums(size_t(g.n), 0.0f);
      for (int64_t p = 0; p < g.k; ++p) {
        const float x = a[size_t(i * g.k + p)];
        const float* row = b.data() + p * g.n;
        for (int64_t j = 0; j < g.n; ++j) sums[size_t(j)] += x * row[j];
      }
      for (int64_t j = 0; j < g.n; ++j) {
        const int64_t at = z * g.c_batch + i * g.c_row + j;
        float y = float(g.alpha) * sums[size_t(j)];
        if (g.bias) y += read(g.bias, g.out, j);
        if (g.accumulate) y += read(g.c, g.out, at);
        write(g.c, g.out, at, y);
      }
    }
  }
}

void allow_tf32(bool) {}

}  // namespace genesis::kernels::cuda
