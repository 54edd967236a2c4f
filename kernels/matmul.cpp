#include "kernels/matmul.h"

#include "kernels/contract.h"

namespace genesis::kernels {
namespace {

void expect_one_unit_stride(const char* name, const Array& x) {
  const size_t n = size_t(x.ndim());
  const bool rows = x.strides()[n - 1] == 1 || x.dim(-1) <= 1,
             columns = x.strides()[n - 2] == 1 || x.dim(-2) <= 1;
  GENESIS_CHECK(rows || columns || x.numel() == 0, "matmul: ", name, " has strides ", to_string(x.strides()),
                "; one of the last two must be 1");
}

}  // namespace

void MatMul::check() const {
  expect_computed(kName, "a", a);
  expect_dtype(kName, "b", b, a.dtype());
  expect_dtype_in(kName, "c", c, {a.dtype(), accumulate_dtype(a.dtype())});
  GENESIS_CHECK(a.ndim() >= 2 && a.ndim() == b.ndim() && a.ndim() == c.ndim(), "matmul: a has shape ",
                to_string(a.shape()), ", b ", to_string(b.shape()), ", c ", to_string(c.shape()),
                "; all need the same number of dimensions, at least 2");
  const int64_t m = a.dim(transpose_a ? -1 : -2), k = a.dim(transpose_a ? -2 : -1);
  const int64_t kb = b.dim(transpose_b ? -1 : -2), n = b.dim(transpose_b ? -2 : -1);
  bool fits = k == kb && c.dim(-2) == m && c.dim(-1) == n;
  for (int64_t i = 0; i + 2 < a.ndim(); ++i) fits = fits && a.dim(i) == b.dim(i) && a.dim(i) == c.dim(i);
  GENESIS_CHECK(fits, "matmul: a ", to_string(a.shape()), transpose_a ? "^T" : "", " times b ",
                to_string(b.shape()), transpose_b ? "^T" : "", " does not give c ", to_string(c.shape()));
  expect_one_unit_stride("a", a);
  expect_one_unit_stride("b", b);
  expect_rows(kName, "c", c, 2);
  expect_writable(kName, "c", c);
  if (bias.defined()) {
    expect_shape(kName, "bias", bias, {n});
    expect_dtype_in(kName, "bias", bias, {a.dtype(), accumulate_dtype(a.dtype())});
    expect_contiguous(kName, "bias", bias);
  }
}

}  // namespace genesis::kernels
