#include "kernels/dropout.h"

#include "kernels/contract.h"

namespace genesis::kernels {

void Dropout::check() const {
  GENESIS_CHECK(p >= 0 && p < 1, kName, ": probability ", p, " is outside [0, 1)");
  expect_computed(kName, "x", x);
  expect_contiguous(kName, "x", x);
  expect_shape(kName, "y", y, x.shape());
  expect_dtype(kName, "y", y, x.dtype());
  expect_contiguous(kName, "y", y);
}

}  // namespace genesis::kernels
