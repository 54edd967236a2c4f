#include "kernels/logn_scale.h"

#include "kernels/contract.h"

namespace genesis::kernels {

void LognScale::check() const {
  expect_rows(kName, "x", x, 3);
  GENESIS_CHECK(x.ndim() == 3, kName, ": x has shape ", to_string(x.shape()), ", expected [N, heads, d]");
  GENESIS_CHECK(length > 1, kName, ": length ", length, ", expected more than 1");
  expect_computed(kName, "x", x);
  expect_shape(kName, "y", y, x.shape());
  expect_rows(kName, "y", y, 3);
  expect_dtype(kName, "y", y, x.dtype());
  expect_shape(kName, "positions", positions, {x.dim(0)});
  expect_dtype(kName, "positions", positions, DType::i32);
  expect_contiguous(kName, "positions", positions);
}

}  // namespace genesis::kernels
