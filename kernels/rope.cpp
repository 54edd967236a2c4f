#include "kernels/rope.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "kernels/contract.h"
#include "kernels/core/parallel_for.h"

namespace genesis::kernels {

void Rope::check() const {
  expect_rows(kName, "x", x, 3);
  GENESIS_CHECK(x.ndim() == 3, kName, ": x has shape ", to_string(x.shape()), ", expected [N, heads, d]");
  GENESIS_CHECK(x.dim(2) % 2 == 0, kName, ": head dimension ", x.dim(2), " is odd");
  expect_computed(kName, "x", x);
  expect_shape(kName, "y", y, x.shape());
  expect_rows(kName, "y", y, 3);
  expect_dtype(kName, "y", y, x.dtype());
  expect_shape(kName, "positions", positions, {x.dim(0)});
  expect_dtype(kName, "positions", positions, DType::i32);
  expect_contiguous(kName, "positions", positions);
  GENESIS_CHECK(cos.defined() && cos.ndim() == 2, kName, ": cos is not a [positions, d/2] table");
  expect_shape(kName, "cos", cos, {cos.dim(0), x.dim(2) / 2});
  expect_shape(kName, "sin", sin, cos.shape());
  for (const Array* table : {&cos, &sin}) {
    expect_dtype(kName, "table", *table, accumulate_dtype(x.dtype()));
    expect_contiguous(kName, "table", *table);
  }
}

RopeTable::RopeTable(int64_t head_dim, double base, DType dtype, double alpha)
    : head_dim_(head_dim), base_(base), alpha_(alpha), dtype_(dtype) {
  GENESIS_CHECK(head_dim > 0 && head_dim % 2 == 0, "rope table: head dimension ", head_dim,
                " is not a positive even number");
  GENESIS_CHECK(base > 0 && alpha >= 1, "rope table: base ", base, ", alpha ", alpha,
                "; expected base > 0, alpha >= 1");
  GENESIS_CHECK(alpha == 1 || head_dim > 2, "rope table: head dimension 2 cannot be stretched by alpha ",
                alpha);
  GENESIS_CHECK(dtype == DType::f32 || dtype == DType::f64, "rope table: dtype ", name_of(dtype),
                ", expected f32 or f64");
}

void RopeTable::ensure(int64_t length) {
  if (length <= this->length()) return;
  const int64_t half = head_dim_ / 2, rows = std::max(length, 2 * this->length());
  const double d = double(head_dim_);
  const double base = alpha_ == 1.0 ? base_ : base_ * std::pow(alpha_, d / (d - 2));
  std::vector<double> frequency(static_cast<size_t>(half));
  for (int64_t i = 0; i < half; ++i) frequency[size_t(i)] = std::pow(base, -2.0 * double(i) / d);

  Array cos = Array::empty({rows, half}, dtype_), sin = Array::empty({rows, half}, dtype_);
  dispatch_compute(dtype_, [&](auto tag) {
    using T = decltype(tag);
    T *c = cos.data<T>(), *s = sin.data<T>();
    parallel_for(rows, 64, [&](int64_t begin, int64_t end) {
      for (int64_t p = begin; p < end; ++p) {
        for (int64_t i = 0; i < half; ++i) {
          const double angle = double(p) * frequency[size_t(i)];
          c[p * half + i] = T(accumulate_t<T>(std::cos(angle)));
          s[p * half + i] = T(accumulate_t<T>(std::sin(angle)));
        }
      }
    });
  });
  cos_ = cos;
  sin_ = sin;
}

}  // namespace genesis::kernels
