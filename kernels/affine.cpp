#include "kernels/affine.h"

#include "kernels/contract.h"

namespace genesis::kernels {

void Affine::check() const {
  expect_computed(kName, "x", x);
  expect_shape(kName, "y", y, x.shape());
  expect_dtype(kName, "y", y, x.dtype());
  expect_writable(kName, "y", y);
}

}  // namespace genesis::kernels
