#include "kernels/add_rms_norm.h"

#include "kernels/contract.h"

namespace genesis::kernels {

void AddRmsNormForward::check() const {
  expect_rows(kName, "x", x);
  expect_computed(kName, "x", x);
  expect_shape(kName, "weight", weight, {x.dim(-1)});
  expect_dtype_in(kName, "weight", weight, {x.dtype(), accumulate_dtype(x.dtype())});
  expect_contiguous(kName, "weight", weight);
  const auto like_x = [&](const char* name, const Array& a) {
    expect_shape(kName, name, a, x.shape());
    expect_rows(kName, name, a);
    expect_dtype(kName, name, a, x.dtype());
  };
  like_x("delta", delta);
  like_x("residual", residual);
  like_x("y", y);
  expect_shape(kName, "rstd", rstd, leading_shape(x.shape()));
  expect_contiguous(kName, "rstd", rstd);
  expect_dtype(kName, "rstd", rstd, accumulate_dtype(x.dtype()));
}

}  // namespace genesis::kernels
