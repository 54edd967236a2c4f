#include "kernels/rms_norm.h"

#include "kernels/contract.h"

namespace genesis::kernels {

void RmsNormForward::check() const {
  expect_rows(kName, "x", x);
  expect_computed(kName, "x", x);
  expect_shape(kName, "weight", weight, {x.dim(-1)});
  expect_dtype_in(kName, "weight", weight, {x.dtype(), accumulate_dtype(x.dtype())});
  expect_contiguous(kName, "weight", weight);
  expect_shape(kName, "y", y, x.shape());
  expect_rows(kName, "y", y);
  expect_dtype(kName, "y", y, x.dtype());
  expect_shape(kName, "rstd", rstd, leading_shape(x.shape()));
  expect_contiguous(kName, "rstd", rstd);
  expect_dtype(kName, "rstd", rstd, accumulate_dtype(x.dtype()));
}

void RmsNormBackward::check() const {
  expect_rows(kName, "x", x);
  expect_computed(kName, "x", x);
  expect_shape(kName, "weight", weight, {x.dim(-1)});
  expect_dtype_in(kName, "weight", weight, {x.dtype(), accumulate_dtype(x.dtype())});
  expect_contiguous(kName, "weight", weight);
  expect_shape(kName, "rstd", rstd, leading_shape(x.shape()));
  expect_contiguous(kName, "rstd", rstd);
  expect_dtype(kName, "rstd", rstd, accumulate_dtype(x.dtype()));
  const auto like_x = [&](const char* name, const Array& a) {
    expect_shape(kName, name, a, x.shape());
    expect_rows(kName, name, a);
    expect_dtype(kName, name, a, x.dtype());
  };
  like_x("dy", dy);
  if (dresidual.defined()) like_x("dresidual", dresidual);
  if (dx.defined()) like_x("dx", dx);
  if (dweight.defined()) {
    expect_shape(kName, "dweight", dweight, weight.shape());
    expect_dtype(kName, "dweight", dweight, accumulate_dtype(x.dtype()));
    expect_contiguous(kName, "dweight", dweight);
  }
}

}  // namespace genesis::kernels
