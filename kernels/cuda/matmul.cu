// cuBLASLt (gemm.h), one strided batch over the last leading dimension that is regular and a loop over the others.
#include "kernels/matmul.h"

#include "kernels/copy.h"
#include "kernels/core/cuda/runtime.h"
#include "kernels/cuda/gemm.h"

namespace genesis::kernels {
namespace {

using namespace cuda;

/// The last two dimensions as they are stored: row-major, or (a transposed view) column-major, which is the transpose.
GemmOperand operand(const Array& a, bool transposed) {
  const size_t n = size_t(a.ndim());
  const bool rows = a.strides()[n - 1] == 1 || a.dim(-1) <= 1;
  const int64_t extent = rows ? a.dim(-1) : a.dim(-2);
  const int64_t lines = rows ? a.dim(-2) : a.dim(-1);
  const int64_t stride = rows ? a.strides()[n - 2] : a.strides()[n - 1];
  return {.data = a.raw(), .row = lines > 1 ? stride : extent, .transposed = rows == transposed};
}

void multiply(const MatMul& o, const Array& a, const Array& b, const Array& c, const void* bias) {
  if (a.ndim() > 3) {
    for (int64_t z = 0; z < c.dim(0); ++z) multiply(o, a.select(0, z), b.select(0, z), c.select(0, z), bias);
    return;
  }
  const bool batched = a.ndim() == 3;
  GemmOperand left = operand(a, o.transpose_a), right = operand(b, o.transpose_b);
  if (batched) {
    left.batch = a.strides()[0];
    right.batch = b.strides()[0];
  }
  gemm({.m = c.dim(-2),
        .n = c.dim(-1),
        .k = a.dim(o.transpose_a ? -2 : -1),
        .in = a.dtype(),
        .out = c.dtype(),
        .a = left,
        .b = right,
        .c = c.raw(),
        .c_row = c.dim(-2) > 1 ? c.strides()[size_t(c.ndim()) - 2] : c.dim(-1),
        .c_batch = batched ? c.strides()[0] : 0,
        .bias = bias,
        .accumulate = o.accumulate,
        .batches = batched ? c.dim(0) : 1});
}

}  // namespace

void run_cuda(const MatMul& o) {
  if (o.c.numel() == 0) return;
  const Array bias = o.bias.defined() && o.bias.dtype() != o.c.dtype() ? converted_copy(o.bias, o.c.dtype()) : o.bias;
  multiply(o, o.a, o.b, o.c, bias.defined() ? bias.raw() : nullptr);
}

}  // namespace genesis::kernels
