#include "kernels/linear.h"

#include "kernels/core/parallel_for.h"
#include "kernels/cpu/gemm.h"

namespace genesis::kernels {
namespace {

cpu::GemmOperand rows_of(const Array& a) { return {a.raw(), a.strides()[0], 1, 0}; }
cpu::GemmOperand columns_of(const Array& a) { return {a.raw(), 1, a.strides()[0], 0}; }

/// A product with the weight, through its packed copy where that pays. A rule of shapes and types alone: what
/// was computed before must not change the bits of a result.
void weight_gemm(const cpu::Gemm& g, const Array& weight) {
  if (g.in == DType::bf16 && g.m >= cpu::kPackedRows) return cpu::gemm_packed(g, weight);
  cpu::gemm(g);
}

constexpr int64_t kRowBlock = 256;
constexpr int64_t kColumns = 64;

/// dbias (+)= column sums of dy. A task is a strip of 64 columns; rows are summed in blocks of 256, then the
/// blocks: the order is fixed, and an error grows with the block length instead of N.
template <class T, class D>
void sum_columns(const Array& dy, const Array& dbias, bool accumulate) {
  using A = accumulate_t<T>;
  const int64_t rows = dy.dim(0), columns = dy.dim(1), stride = dy.strides()[0];
  const T* from = dy.data<T>();
  D* to = dbias.data<D>();
  parallel_for((columns + kColumns - 1) / kColumns, 1, [=](int64_t begin, int64_t end) {
    for (int64_t strip = begin; strip < end; ++strip) {
      const int64_t first = strip * kColumns, width = std::min(kColumns, columns - first);
      A total[kColumns] = {};  // [kColumns]
      for (int64_t n0 = 0; n0 < rows; n0 += kRowBlock) {
        A block[kColumns] = {};  // [kColumns]
        for (int64_t n = n0; n < std::min(rows, n0 + kRowBlock); ++n) {
          const T* row = from + n * stride + first;
          for (int64_t j = 0; j < width; ++j) block[j] += A(row[j]);
        }
        for (int64_t j = 0; j < width; ++j) total[j] += block[j];
      }
      for (int64_t j = 0; j < width; ++j)
        to[first + j] = D((accumulate ? A(to[first + j]) : A(0)) + total[j]);
    }
  });
}

}  // namespace

void run_cpu(const LinearForward& op) {
  weight_gemm({.m = op.x.dim(0),
               .n = op.weight.dim(0),
               .k = op.weight.dim(1),
               .in = op.x.dtype(),
               .out = op.y.dtype(),
               .a = rows_of(op.x),
               .b = columns_of(op.weight),
               .c = op.y.raw(),
               .c_row = op.y.strides()[0],
               .bias = op.bias.defined() ? op.bias.raw() : nullptr,
               .bias_dtype = op.bias.defined() ? op.bias.dtype() : DType::f32},
              op.weight);
}

void run_cpu(const LinearBackward& op) {
  if (op.dx.defined()) {
    weight_gemm({.m = op.dy.dim(0),
                 .n = op.weight.dim(1),
                 .k = op.dy.dim(1),
                 .in = op.dy.dtype(),
                 .out = op.dx.dtype(),
                 .a = rows_of(op.dy),
                 .b = rows_of(op.weight),
                 .c = op.dx.raw(),
                 .c_row = op.dx.strides()[0]},
                op.weight);
  }
  if (op.dweight.defined()) {
    cpu::gemm({.m = op.dy.dim(1),
               .n = op.x.dim(1),
               .k = op.dy.dim(0),
               .in = op.dy.dtype(),
               .out = op.dweight.dtype(),
               .a = columns_of(op.dy),
               .b = rows_of(op.x),
               .c = op.dweight.raw(),
               .c_row = op.dweight.dim(1),
               .accumulate = op.accumulate_dweight});
  }
  if (op.dbias.defined()) {
    dispatch_compute(op.dy.dtype(), [&](auto tag) {
      using T = decltype(tag);
      if (op.dbias.dtype() == op.dy.dtype()) return sum_columns<T, T>(op.dy, op.dbias, op.accumulate_dbias);
      sum_columns<T, accumulate_t<T>>(op.dy, op.dbias, op.accumulate_dbias);
    });
  }
}

}  // namespace genesis::kernels
