#include "kernels/scale.h"

#include "kernels/contract.h"

namespace genesis::kernels {

void Scale::check() const {
  for (const Array& a : arrays) {
    expect_dtype_in(kName, "array", a, {DType::f64, DType::f32, DType::bf16});
    expect_contiguous(kName, "array", a);
  }
}

}  // namespace genesis::kernels
