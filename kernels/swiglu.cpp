#include "kernels/swiglu.h"

#include "kernels/contract.h"

namespace genesis::kernels {
namespace {

Shape half_shape(const char* op, const Array& x) {
  expect_rows(op, "x", x);
  GENESIS_CHECK(x.dim(-1) % 2 == 0, op, ": x has shape ", to_string(x.shape()), ", its last extent is odd");
  Shape half = x.shape();
  half.back() /= 2;
  return half;
}

}  // namespace

void SwigluForward::check() const {
  expect_shape(kName, "y", y, half_shape(kName, x));
  expect_rows(kName, "y", y);
  expect_computed(kName, "x", x);
  expect_dtype(kName, "y", y, x.dtype());
}

void SwigluBackward::check() const {
  expect_shape(kName, "dy", dy, half_shape(kName, x));
  expect_rows(kName, "dy", dy);
  expect_computed(kName, "x", x);
  expect_dtype(kName, "dy", dy, x.dtype());
  expect_shape(kName, "dx", dx, x.shape());
  expect_rows(kName, "dx", dx);
  expect_dtype(kName, "dx", dx, x.dtype());
}

}  // namespace genesis::kernels
