#include "kernels/argmax.h"

#include "kernels/contract.h"

namespace genesis::kernels {

void Argmax::check() const {
  expect_rows(kName, "x", x);
  GENESIS_CHECK(x.dim(-1) > 0 || y.numel() == 0, kName, ": the largest of nothing, shape ",
                to_string(x.shape()));
  expect_computed(kName, "x", x);
  expect_shape(kName, "y", y, leading_shape(x.shape()));
  expect_dtype(kName, "y", y, DType::i64);
  expect_contiguous(kName, "y", y);
}

}  // namespace genesis::kernels
