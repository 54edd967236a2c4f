#include "kernels/copy.h"

#include "kernels/contract.h"
#include "kernels/core/run.h"

namespace genesis::kernels {

void Copy::check() const {
  GENESIS_CHECK(src.defined(), kName, ": src is undefined");
  expect_shape(kName, "dst", dst, src.shape());
  expect_writable(kName, "dst", dst);
}

Array converted_copy(const Array& src, DType dtype) {
  Array dst = Array::empty(src.shape(), dtype, src.device());
  run(Copy{.src = src, .dst = dst});
  return dst;
}

Array contiguous(const Array& a) { return a.is_contiguous() ? a : converted_copy(a, a.dtype()); }

}  // namespace genesis::kernels
