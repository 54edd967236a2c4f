#include "kernels/update_decision.h"

#include "kernels/contract.h"

namespace genesis::kernels {

void UpdateDecision::check() const {
  const auto expect = [&](const char* name, const Array& a, const Shape& shape, DType dtype) {
    expect_shape(kName, name, a, shape);
    expect_dtype(kName, name, a, dtype);
    expect_contiguous(kName, name, a);
    GENESIS_CHECK(a.device() == device(), kName, ": ", name, " is on ", name_of(a.device()), ", decision on ",
                  name_of(device()));
  };
  expect("decision", decision, {kFields}, DType::f64);
  expect("squares", squares, {squares.numel()}, DType::f64);
  expect("loss_sum", loss_sum, {1}, DType::f64);
}

}  // namespace genesis::kernels
