#include "kernels/adamw.h"

#include "kernels/contract.h"

namespace genesis::kernels {

void AdamW::check() const {
  GENESIS_CHECK(step >= 1, kName, ": step ", step, ", the first step is 1");
  if (decision.defined()) {
    expect_dtype(kName, "decision", decision, DType::f64);
    expect_contiguous(kName, "decision", decision);
    GENESIS_CHECK(decision.numel() >= 2 && decision.device() == device(), kName, ": decision of ",
                  decision.numel(), " numbers on ", name_of(decision.device()), ", parameters on ",
                  name_of(device()));
  }
  for (const AdamWTensor& t : tensors) {
    expect_computed(kName, "param", t.param);
    expect_contiguous(kName, "param", t.param);
    expect_shape(kName, "grad", t.grad, t.param.shape());
    expect_contiguous(kName, "grad", t.grad);
    if (t.param.dtype() == DType::f64) {
      expect_dtype(kName, "grad", t.grad, DType::f64);
    } else {
      expect_dtype_in(kName, "grad", t.grad, {DType::f32, DType::bf16});
    }
    const bool split = t.remainder.defined();
    if (split) t.split().check(kName, t.param.numel());
    for (const auto* moment : {&t.m, &t.v}) {
      expect_shape(kName, "moment", *moment, t.param.shape());
      expect_dtype(kName, "moment", *moment, split ? DType::f32 : t.param.dtype());
      expect_contiguous(kName, "moment", *moment);
    }
  }
}

}  // namespace genesis::kernels
