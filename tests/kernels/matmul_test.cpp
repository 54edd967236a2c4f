#include "kernels/matmul.h"

#include <gtest/gtest.h>

#include "kernels/cpu/gemm.h"
#include "tests/support/random_array.h"

namespace genesis::kernels {
namespace {

using testing::random_array;
using testing::values_of;
using testing::worst_error;

/// Largest |error| / (sqrt(K) + |value|) for standard normal inputs: sums of K products in f32 (f64) and one
/// rounding of the result to its dtype (bf16: 2^-9).
double tolerance(DType in, DType out) {
  if (in == DType::f64) return 1e-14;
  return out == DType::bf16 ? 4.5e-3 : 2e-6;
}

/// op(X)[i][j] of batch z as double.
struct Reader {
  std::vector<double> values;
  int64_t rows, cols;
  bool transposed;
  Reader(const Array& x, bool t) : values(values_of(x)), rows(x.dim(-2)), cols(x.dim(-1)), transposed(t) {}
  double operator()(int64_t z, int64_t i, int64_t j) const {
    return transposed ? values[size_t((z * rows + j) * cols + i)] : values[size_t((z * rows + i) * cols + j)];
  }
};

std::vector<double> expected(const MatMul& op, const std::vector<double>& before) {
  const Reader a(op.a, op.transpose_a), b(op.b, op.transpose_b);
  const int64_t m = op.c.dim(-2), n = op.c.dim(-1), k = op.a.dim(op.transpose_a ? -2 : -1);
  const auto bias = op.bias.defined() ? values_of(op.bias) : std::vector<double>(size_t(n), 0.0);
  std::vector<double> c = before;
  for (int64_t z = 0; m * n > 0 && z < op.c.numel() / (m * n); ++z)
    for (int64_t i = 0; i < m; ++i)
      for (int64_t j = 0; j < n; ++j) {
        double sum = bias[size_t(j)];
        for (int64_t p = 0; p < k; ++p) sum += a(z, i, p) * b(z, p, j);
        double& out = c[size_t((z * m + i) * n + j)];
        out = (op.accumulate ? out : 0) + sum;
      }
  return c;
}

void expect_right(const MatMul& op) {
  const auto wanted = expected(op, values_of(op.c));
  run(op);
  const int64_t k = op.a.dim(op.transpose_a ? -2 : -1);
  EXPECT_LE(worst_error(values_of(op.c), wanted, std::sqrt(double(k) + 1)),
            tolerance(op.a.dtype(), op.c.dtype()))
      << "a " << to_string(op.a.shape()) << op.transpose_a << " b " << to_string(op.b.shape())
      << op.transpose_b << " " << name_of(op.a.dtype()) << "->" << name_of(op.c.dtype()) << " accumulate "
      << op.accumulate;
}

struct Size {
  int64_t m, n, k;
};
const Size kSizes[] = {{0, 3, 4},   {3, 0, 4},   {3, 4, 0},   {1, 1, 1},    {1, 33, 31},   {2, 31, 32},
                       {3, 32, 33}, {4, 65, 64}, {5, 7, 3},   {31, 33, 32}, {32, 32, 32},  {33, 1, 65},
                       {64, 1, 1},  {1, 257, 1}, {65, 96, 7}, {100, 48, 1}, {129, 70, 96}, {256, 192, 128}};

TEST(MatMul, EveryLayoutAndSize) {
  uint64_t stream = 1;
  for (DType in : {DType::f64, DType::f32, DType::bf16})
    for (DType out : {in, in == DType::f64 ? in : DType::f32})
      for (const Size& s : kSizes)
        for (int flags = 0; flags < 8; ++flags) {
          const bool ta = flags & 1, tb = flags & 2;
          expect_right({.a = random_array(ta ? Shape{s.k, s.m} : Shape{s.m, s.k}, in, stream++),
                        .b = random_array(tb ? Shape{s.n, s.k} : Shape{s.k, s.n}, in, stream++),
                        .c = random_array({s.m, s.n}, out, stream++),
                        .bias = flags % 3 == 1 ? random_array({s.n}, out, stream++) : Array{},
                        .transpose_a = ta,
                        .transpose_b = tb,
                        .accumulate = bool(flags & 4)});
        }
}

TEST(MatMul, StridedRowsAndTransposedViews) {
  for (DType t : {DType::f64, DType::f32, DType::bf16}) {
    const Array wide = random_array({20, 40}, t, 1), other = random_array({24, 50}, t, 2);
    Array c = random_array({20, 80}, t, 3);
    const auto outside = values_of(c.slice(1, 0, 7));
    expect_right({.a = wide.slice(1, 8, 32), .b = other.slice(1, 3, 36), .c = c.slice(1, 7, 40)});
    EXPECT_EQ(values_of(c.slice(1, 0, 7)), outside);
    expect_right({.a = wide.slice(1, 0, 17).transpose(0, 1),
                  .b = wide.slice(1, 4, 20),
                  .c = random_array({17, 16}, t, 4)});
    expect_right({.a = wide.transpose(0, 1),
                  .b = wide,
                  .c = random_array({20, 20}, t, 5),
                  .transpose_a = true,
                  .transpose_b = true});
  }
}

TEST(MatMul, BatchesJoinedSplitAndRepeated) {
  for (DType t : {DType::f64, DType::f32, DType::bf16}) {
    expect_right({.a = random_array({2, 3, 9, 17}, t, 1),
                  .b = random_array({2, 3, 17, 5}, t, 2),
                  .c = random_array({2, 3, 9, 5}, t, 3),
                  .accumulate = true});
    // heads inside a token-major buffer: the leading dimensions do not join
    const Array q = random_array({2, 7, 3, 16}, t, 4).transpose(1, 2),
                k = random_array({2, 9, 3, 16}, t, 5).transpose(1, 2);
    expect_right({.a = q, .b = k, .c = random_array({2, 3, 7, 9}, t, 6), .transpose_b = true});
    expect_right({.a = random_array({4, 6, 16}, t, 7),
                  .b = random_array({1, 16, 20}, t, 8).expand({4, 16, 20}),
                  .c = random_array({4, 6, 20}, t, 9),
                  .bias = random_array({20}, t, 10)});
    expect_right({.a = random_array({0, 6, 16}, t, 7),
                  .b = random_array({0, 16, 20}, t, 8),
                  .c = random_array({0, 6, 20}, t, 9)});
  }
}

TEST(MatMul, SameBitsEveryTime) {
  const Array a = random_array({130, 300}, DType::bf16, 1), b = random_array({300, 70}, DType::bf16, 2);
  Array first = Array::empty({130, 70}, DType::f32), second = Array::empty({130, 70}, DType::f32);
  run(MatMul{.a = a, .b = b, .c = first});
  run(MatMul{.a = a, .b = b, .c = second});
  EXPECT_EQ(values_of(first), values_of(second));
}

TEST(MatMul, FewRowsPathEqualsFormula) {
  for (int64_t m : {1, 2, 3, 4, 7}) {
    const Array a = random_array({m, 77}, DType::bf16, 1), b = random_array({45, 77}, DType::bf16, 2);
    Array c = random_array({m, 45}, DType::bf16, 3);
    MatMul op{.a = a, .b = b, .c = c, .transpose_b = true, .accumulate = true};
    const auto wanted = expected(op, values_of(c));
    cpu::gemm_few_rows({.m = m,
                        .n = 45,
                        .k = 77,
                        .in = DType::bf16,
                        .out = DType::bf16,
                        .a = {a.raw(), 77, 1},
                        .b = {b.raw(), 1, 77},
                        .c = c.raw(),
                        .c_row = 45,
                        .accumulate = true});
    EXPECT_LE(worst_error(values_of(c), wanted, std::sqrt(77.0)), tolerance(DType::bf16, DType::bf16));
  }
}

TEST(MatMul, ErrorsNameWhatDoesNotFit) {
  const Array a = Array::zeros({2, 3}, DType::f32), b = Array::zeros({4, 5}, DType::f32),
              c = Array::zeros({2, 5}, DType::f32);
  EXPECT_THROW(run(MatMul{.a = a, .b = b, .c = c}), Error);
  const Array b3 = Array::zeros({3, 5}, DType::f32);
  EXPECT_THROW(run(MatMul{.a = a, .b = Array::zeros({3, 5}, DType::bf16), .c = c}), Error);
  EXPECT_THROW(run(MatMul{.a = a, .b = b3, .c = Array::zeros({2, 5}, DType::f64)}), Error);
  EXPECT_THROW(run(MatMul{.a = a, .b = b3, .c = Array::zeros({1, 2, 5}, DType::f32)}), Error);
  EXPECT_THROW(run(MatMul{.a = a, .b = b3, .c = c, .bias = Array::zeros({4}, DType::f32)}), Error);
  EXPECT_THROW(run(MatMul{.a = a, .b = b3, .c = Array::zeros({1, 5}, DType::f32).expand({2, 5})}), Error);
  EXPECT_THROW(
      run(MatMul{.a = Array::zeros({2, 6, 2}, DType::f32).select(2, 0).slice(1, 0, 3), .b = b3, .c = c}),
      Error);
}

}  // namespace
}  // namespace genesis::kernels
