#include "kernels/random_fill.h"

#include "kernels/contract.h"

namespace genesis::kernels {

void RandomFill::check() const {
  expect_dtype_in(kName, "y", y, {DType::f64, DType::f32, DType::bf16});
  expect_contiguous(kName, "y", y);
}

}  // namespace genesis::kernels
