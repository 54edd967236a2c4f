#include "kernels/argmax.h"

#include "kernels/contract.h"

namespace genesis::kernels {

void Argmax::check() const {
  expect_rows(kName, "x", x);
  GENESIS_CHECK(x.dim(-1) > 0 || y.numel() == 0, kName, ": the largest of nothing, shape ",
                to_string(x.shape()));
  expect_dtype_in(kName, "x", x, {DType::f64, DType::f32, DType::bf16});
  expect_shape(kName, "y", y, leading_shape(x.shape()));
  expect_dtype(kName, "y", y, DType::i64);
  expect_contiguous(kName, "y", y);
}

}  // namespace genesis::kernels
