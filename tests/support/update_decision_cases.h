#pragma once
#include <gtest/gtest.h>

#include <vector>

#include "kernels/core/run.h"
#include "kernels/core/transfer.h"
#include "kernels/update_decision.h"
#include "tests/support/arrays.h"

namespace genesis::testing {

/// One decision about an update, made on any device.
struct DecisionCase {
  std::vector<double> squares = {1, 4, 0.25};
  double loss_sum = 3, unscale = 1, max_norm = 1, held = 0;
  bool scaled = false, hold = false;

  struct Outcome {
    double factor, made, loss, norm, held;
  };

  kernels::UpdateDecision op(Device device) const {
    using kernels::UpdateDecision;
    const Array decision = Array::zeros({UpdateDecision::kFields}, DType::f64);
    decision.data<double>()[UpdateDecision::kHeld] = held;
    return {.squares = on_device(Array::from(squares, {int64_t(squares.size())}), device),
            .loss_sum = on_device(Array::full({1}, loss_sum, DType::f64), device),
            .loss_weight = 2,
            .unscale = unscale,
            .max_norm = max_norm,
            .scaled = scaled,
            .hold = hold,
            .decision = on_device(decision, device)};
  }

  Outcome decide(Device device) const {
    const kernels::UpdateDecision o = op(device);
    kernels::run(o);
    const auto d = values_of(on_device(o.decision, Device::cpu));
    return {d[o.kFactor], d[o.kMade], d[o.kLoss], d[o.kNorm], d[o.kHeld]};
  }
};

}  // namespace genesis::testing
