#include "kernels/linear.h"

#include <gtest/gtest.h>

#include "tests/support/random_array.h"

namespace genesis::kernels {
namespace {

using testing::random_array;
using testing::values_of;
using testing::worst_error;
using Values = std::vector<double>;

/// As for matmul: |error| / (sqrt(terms) + |value|); sums in f32 (f64), one rounding to the output's dtype.
double tolerance(DType in, DType out) {
  if (in == DType::f64) return 1e-14;
  return out == DType::bf16 ? 4.5e-3 : 2e-6;
}

struct Case {
  int64_t rows, in, out;
};
const Case kCases[] = {{0, 4, 3},    {1, 1, 1},    {1, 64, 48},   {2, 33, 31},   {4, 96, 128},  {5, 3, 7},
                       {31, 32, 33}, {32, 33, 31}, {33, 128, 96}, {257, 48, 65}, {300, 70, 130}};

Values product(const Values& a, const Values& b, int64_t m, int64_t n, int64_t k, int64_t a_row,
               int64_t a_col, int64_t b_row, int64_t b_col) {
  Values c(size_t(m * n), 0.0);
  for (int64_t i = 0; i < m; ++i)
    for (int64_t j = 0; j < n; ++j)
      for (int64_t p = 0; p < k; ++p)
        c[size_t(i * n + j)] += a[size_t(i * a_row + p * a_col)] * b[size_t(p * b_row + j * b_col)];
  return c;
}

TEST(Linear, ForwardEqualsTheFormula) {
  for (DType t : {DType::f64, DType::f32, DType::bf16})
    for (const Case& s : kCases)
      for (bool wide : {false, true}) {
        const DType out = wide && t != DType::f64 ? DType::f32 : t;
        const Array x = random_array({s.rows, s.in + 6}, t, 1).slice(1, 2, 2 + s.in);  // rows apart
        const Array w = random_array({s.out, s.in}, t, 2), bias = random_array({s.out}, out, 3);
        Array y = random_array({s.rows, s.out + 2}, out, 4).slice(1, 1, 1 + s.out);
        const Values bias_values = values_of(bias);
        Values wanted = product(values_of(x), values_of(w), s.rows, s.out, s.in, s.in, 1, 1, s.in);
        for (int round = 0; round < 3; ++round) {  // the third call finds whatever the first ones cached
          run(LinearForward{.x = x, .weight = w, .bias = round ? bias : Array{}, .y = y});
          Values with = wanted;
          for (size_t i = 0; round && i < with.size(); ++i) with[i] += bias_values[i % size_t(s.out)];
          EXPECT_LE(worst_error(values_of(y), with, std::sqrt(double(s.in))), tolerance(t, out))
              << s.rows << " " << s.in << " " << s.out << " " << name_of(t);
        }
      }
}

TEST(Linear, BackwardEqualsTheFormula) {
  for (DType t : {DType::f64, DType::f32, DType::bf16})
    for (const Case& s : kCases)
      for (bool accumulate : {false, true}) {
        const DType sums = t == DType::f64 ? t : DType::f32;
        const Array dy = random_array({s.rows, s.out}, t, 1), x = random_array({s.rows, s.in}, t, 2);
        const Array w = random_array({s.out, s.in}, t, 3);
        Array dx = random_array({s.rows, s.in}, t, 4), dw = random_array({s.out, s.in}, sums, 5),
              db = random_array({s.out}, sums, 6);
        Values want_dx = product(values_of(dy), values_of(w), s.rows, s.in, s.out, s.out, 1, s.in, 1);
        Values want_dw = product(values_of(dy), values_of(x), s.out, s.in, s.rows, 1, s.out, s.in, 1);
        Values want_db(size_t(s.out), 0.0);
        const Values dy_values = values_of(dy), dw_before = values_of(dw), db_before = values_of(db);
        for (int64_t n = 0; n < s.rows; ++n)
          for (int64_t i = 0; i < s.out; ++i) want_db[size_t(i)] += dy_values[size_t(n * s.out + i)];
        if (accumulate) {
          for (size_t i = 0; i < want_dw.size(); ++i) want_dw[i] += dw_before[i];
          for (size_t i = 0; i < want_db.size(); ++i) want_db[i] += db_before[i];
        }
        run(LinearBackward{.dy = dy,
                           .x = x,
                           .weight = w,
                           .dx = dx,
                           .dweight = dw,
                           .dbias = db,
                           .accumulate_dweight = accumulate,
                           .accumulate_dbias = accumulate});
        const double rows = std::sqrt(double(s.rows) + 1);
        EXPECT_LE(worst_error(values_of(dx), want_dx, std::sqrt(double(s.out))), tolerance(t, t));
        EXPECT_LE(worst_error(values_of(dw), want_dw, rows), tolerance(t, sums));
        EXPECT_LE(worst_error(values_of(db), want_db, rows), tolerance(t, sums));
      }
}

TEST(Linear, SeesAnInPlaceWriteToTheWeight) {
  for (int64_t rows : {64, 1100}) {  // plain and packed
    const Array x = random_array({rows, 96}, DType::bf16, 1), dy = random_array({rows, 80}, DType::bf16, 3);
    Array w = random_array({80, 96}, DType::bf16, 2);
    Array y = Array::empty({rows, 80}, DType::bf16), dx = Array::empty({rows, 96}, DType::bf16);
    run(LinearForward{.x = x, .weight = w, .y = y});
    run(LinearBackward{.dy = dy, .weight = w, .dx = dx});
    std::fill_n(w.data<bf16>(), w.numel(), bf16(0.f));
    w.storage().bump_version();
    run(LinearForward{.x = x, .weight = w, .y = y});
    run(LinearBackward{.dy = dy, .weight = w, .dx = dx});
    EXPECT_EQ(values_of(y), Values(size_t(y.numel()), 0.0));
    EXPECT_EQ(values_of(dx), Values(size_t(dx.numel()), 0.0));
  }
}

TEST(Linear, APackedWeightGivesTheSameProducts) {
  const int64_t in = 70, out = 130;
  const Array w = random_array({out, in}, DType::bf16, 2);
  for (int64_t rows : {1024, 1500, 1024}) {
    const Array x = random_array({rows, in}, DType::bf16, 1), dy = random_array({rows, out}, DType::bf16, 3);
    Array y = Array::empty({rows, out}, DType::f32), dx = Array::empty({rows, in}, DType::bf16);
    const Array bias = random_array({out}, DType::f32, 4);
    run(LinearForward{.x = x, .weight = w, .bias = bias, .y = y});
    run(LinearBackward{.dy = dy, .weight = w, .dx = dx});
    Values want_y = product(values_of(x), values_of(w), rows, out, in, in, 1, 1, in);
    const Values bias_values = values_of(bias);
    for (size_t i = 0; i < want_y.size(); ++i) want_y[i] += bias_values[i % size_t(out)];
    EXPECT_LE(worst_error(values_of(y), want_y, std::sqrt(double(in))), tolerance(DType::bf16, DType::f32));
    const Values want_dx = product(values_of(dy), values_of(w), rows, in, out, out, 1, in, 1);
    EXPECT_LE(worst_error(values_of(dx), want_dx, std::sqrt(double(out))),
              tolerance(DType::bf16, DType::bf16));
  }
  const auto held = memory_stats().current[int(MemoryCategory::workspace)];
  w.storage().drop_derived();
  EXPECT_GE(held - memory_stats().current[int(MemoryCategory::workspace)], 2 * in * out * 2);
}

TEST(Linear, TwoWeightsInOneStorageDoNotMix) {
  const int64_t rows = 1030;
  const Array both = random_array({2, 48, 64}, DType::bf16, 1), x = random_array({rows, 64}, DType::bf16, 2);
  for (int64_t i : {0, 1, 0, 1}) {
    Array y = Array::empty({rows, 48}, DType::f32);
    run(LinearForward{.x = x, .weight = both.select(0, i), .y = y});
    const Values wanted = product(values_of(x), values_of(both.select(0, i)), rows, 48, 64, 64, 1, 1, 64);
    EXPECT_LE(worst_error(values_of(y), wanted, 8), tolerance(DType::bf16, DType::f32));
  }
}

TEST(Linear, ErrorsNameWhatDoesNotFit) {
  const Array x = Array::zeros({2, 3}, DType::f32), w = Array::zeros({4, 3}, DType::f32),
              y = Array::zeros({2, 4}, DType::f32);
  EXPECT_THROW(run(LinearForward{.x = x, .weight = Array::zeros({4, 2}, DType::f32), .y = y}), Error);
  EXPECT_THROW(run(LinearForward{.x = x, .weight = w, .y = x}), Error);
  EXPECT_THROW(run(LinearForward{.x = x, .weight = w, .bias = Array::zeros({3}, DType::f32), .y = y}), Error);
  EXPECT_THROW(run(LinearForward{.x = Array::zeros({2, 3}, DType::bf16), .weight = w, .y = y}), Error);
  EXPECT_THROW(run(LinearBackward{.dy = y, .weight = w, .dx = Array::zeros({2, 4}, DType::f32)}), Error);
  EXPECT_THROW(run(LinearBackward{.dy = y, .dx = x}), Error);
  EXPECT_THROW(run(LinearBackward{.dy = y, .x = x, .dweight = Array::zeros({3, 4}, DType::f32)}), Error);
}

}  // namespace
}  // namespace genesis::kernels
