#include "kernels/unary.h"

#include "kernels/contract.h"

namespace genesis::kernels {

void UnaryForward::check() const {
  expect_computed(kName, "x", x);
  expect_shape(kName, "y", y, x.shape());
  expect_dtype(kName, "y", y, x.dtype());
  expect_writable(kName, "y", y);
}

void UnaryBackward::check() const {
  expect_computed(kName, "saved", saved);
  expect_shape(kName, "dy", dy, saved.shape());
  expect_dtype(kName, "dy", dy, saved.dtype());
  expect_shape(kName, "dx", dx, saved.shape());
  expect_dtype(kName, "dx", dx, saved.dtype());
  expect_writable(kName, "dx", dx);
}

}  // namespace genesis::kernels
