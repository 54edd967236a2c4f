#include "kernels/softmax.h"

#include "kernels/contract.h"

namespace genesis::kernels {
namespace {

void expect_like(const char* op, const char* name, const Array& a, const Array& first) {
  expect_shape(op, name, a, first.shape());
  expect_rows(op, name, a);
  expect_dtype(op, name, a, first.dtype());
}

}  // namespace

void SoftmaxForward::check() const {
  expect_rows(kName, "x", x);
  expect_computed(kName, "x", x);
  expect_like(kName, "y", y, x);
}

void SoftmaxBackward::check() const {
  expect_rows(kName, "y", y);
  expect_computed(kName, "y", y);
  expect_like(kName, "dy", dy, y);
  expect_like(kName, "dx", dx, y);
}

}  // namespace genesis::kernels
