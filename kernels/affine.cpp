#include "kernels/affine.h"

#include "kernels/contract.h"

namespace genesis::kernels {

void Affine::check() const {
  expect_dtype_in(kName, "x", x, {DType::f64, DType::f32, DType::bf16});
  expect_shape(kName, "y", y, x.shape());
  expect_dtype(kName, "y", y, x.dtype());
  expect_writable(kName, "y", y);
}

}  // namespace genesis::kernels
