#include "kernels/grad_norm.h"

#include "kernels/contract.h"

namespace genesis::kernels {

void GradNorm::check() const {
  for (const Array& g : grads) {
    expect_computed(kName, "grad", g);
    expect_contiguous(kName, "grad", g);
  }
  expect_shape(kName, "sums", sums, {int64_t(grads.size())});
  expect_dtype(kName, "sums", sums, DType::f64);
  expect_contiguous(kName, "sums", sums);
}

}  // namespace genesis::kernels
