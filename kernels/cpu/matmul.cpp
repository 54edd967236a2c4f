#include "kernels/matmul.h"

#include "kernels/cpu/gemm.h"

namespace genesis::kernels {
namespace {

cpu::GemmOperand operand(const Array& x, bool transposed, int64_t batch) {
  const size_t n = size_t(x.ndim());
  const int64_t row = x.strides()[n - 2], col = x.strides()[n - 1];
  return {x.raw(), transposed ? col : row, transposed ? row : col, batch};
}

/// Extents of the leading dimensions, adjacent ones joined wherever all three arrays step through them
/// evenly.
struct Leading {
  Shape extents;
  std::array<Shape, 3> strides;  // of a, b, c
};

Leading leading_of(const MatMul& op) {
  const Array* arrays[3] = {&op.a, &op.b, &op.c};
  Leading joined;
  for (size_t d = 0; d + 2 < size_t(op.c.ndim()); ++d) {
    const int64_t extent = op.c.shape()[d];
    if (extent == 1) continue;
    bool joins = !joined.extents.empty();
    for (size_t x = 0; joins && x < 3; ++x)
      joins = joined.strides[x].back() == arrays[x]->strides()[d] * extent;
    if (joins) {
      joined.extents.back() *= extent;
      for (size_t x = 0; x < 3; ++x) joined.strides[x].back() = arrays[x]->strides()[d];
    } else {
      joined.extents.push_back(extent);
      for (size_t x = 0; x < 3; ++x) joined.strides[x].push_back(arrays[x]->strides()[d]);
    }
  }
  return joined;
}

void add(const void*& p, int64_t elements, DType dtype) {
  p = static_cast<const char*>(p) + elements * size_of(dtype);
}

void run_leading(const Leading& lead, size_t d, cpu::Gemm g) {
  if (d + 1 >= lead.extents.size()) return cpu::gemm(g);
  for (int64_t i = 0; i < lead.extents[d]; ++i) {
    run_leading(lead, d + 1, g);
    add(g.a.data, lead.strides[0][d], g.in);
    add(g.b.data, lead.strides[1][d], g.in);
    g.c = static_cast<char*>(g.c) + lead.strides[2][d] * size_of(g.out);
  }
}

}  // namespace

void run_cpu(const MatMul& op) {
  const Leading lead = leading_of(op);
  const bool batched = !lead.extents.empty();
  cpu::Gemm g{.m = op.c.dim(-2),
              .n = op.c.dim(-1),
              .k = op.a.dim(op.transpose_a ? -2 : -1),
              .batches = batched ? lead.extents.back() : 1,
              .in = op.a.dtype(),
              .out = op.c.dtype(),
              .a = operand(op.a, op.transpose_a, batched ? lead.strides[0].back() : 0),
              .b = operand(op.b, op.transpose_b, batched ? lead.strides[1].back() : 0),
              .c = op.c.raw(),
              .c_row = op.c.strides()[size_t(op.c.ndim()) - 2],
              .c_batch = batched ? lead.strides[2].back() : 0,
              .bias = op.bias.defined() ? op.bias.raw() : nullptr,
              .bias_dtype = op.bias.defined() ? op.bias.dtype() : DType::f32,
              .accumulate = op.accumulate};
  run_leading(lead, 0, g);
}

}  // namespace genesis::kernels
