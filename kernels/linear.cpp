#include "kernels/linear.h"

#include "kernels/contract.h"

namespace genesis::kernels {
namespace {

void expect_matrix(const char* op, const char* name, const Array& a, const Shape& shape, DType dtype) {
  expect_shape(op, name, a, shape);
  expect_dtype(op, name, a, dtype);
  expect_rows(op, name, a, 2);
  GENESIS_CHECK(a.dim(0) <= 1 || a.numel() == 0 || a.strides()[0] >= a.dim(1), op, ": rows of ", name,
                " overlap: extent ", a.dim(1), ", stride ", a.strides()[0]);
}

void expect_sum(const char* op, const char* name, const Array& a, const Shape& shape, DType dtype) {
  expect_shape(op, name, a, shape);
  expect_dtype_in(op, name, a, {dtype, accumulate_dtype(dtype)});
  expect_contiguous(op, name, a);
}

}  // namespace

void LinearForward::check() const {
  GENESIS_CHECK(weight.defined() && weight.ndim() == 2, kName, ": weight must be [out, in]");
  const DType dtype = weight.dtype();
  expect_computed(kName, "weight", weight);
  expect_contiguous(kName, "weight", weight);
  GENESIS_CHECK(x.defined() && x.ndim() == 2, kName, ": x must be [N, in]");
  expect_matrix(kName, "x", x, {x.dim(0), weight.dim(1)}, dtype);
  expect_dtype_in(kName, "y", y, {dtype, accumulate_dtype(dtype)});
  expect_matrix(kName, "y", y, {x.dim(0), weight.dim(0)}, y.dtype());
  if (bias.defined()) expect_sum(kName, "bias", bias, {weight.dim(0)}, dtype);
}

void LinearBackward::check() const {
  GENESIS_CHECK(dy.defined() && dy.ndim() == 2, kName, ": dy must be [N, out]");
  const DType dtype = dy.dtype();
  expect_computed(kName, "dy", dy);
  const int64_t rows = dy.dim(0), out = dy.dim(1);
  expect_matrix(kName, "dy", dy, {rows, out}, dtype);
  if (dx.defined()) {
    GENESIS_CHECK(weight.defined() && weight.ndim() == 2, kName, ": weight must be [out, in]");
    expect_matrix(kName, "weight", weight, {out, weight.dim(1)}, dtype);
    expect_contiguous(kName, "weight", weight);
    expect_matrix(kName, "dx", dx, {rows, weight.dim(1)}, dtype);
  }
  if (dweight.defined()) {
    GENESIS_CHECK(x.defined() && x.ndim() == 2, kName, ": x must be [N, in]");
    expect_matrix(kName, "x", x, {rows, x.dim(1)}, dtype);
    expect_sum(kName, "dweight", dweight, {out, x.dim(1)}, dtype);
  }
  if (dbias.defined()) expect_sum(kName, "dbias", dbias, {out}, dtype);
}

}  // namespace genesis::kernels
