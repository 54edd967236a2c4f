#pragma once
#include <cstdint>

#include "trainer/plan/plan_input.h"

namespace genesis::trainer {

/// The most bytes at one time, in a step after the first.
struct ActivationPeak {
  int64_t activations = 0;
  int64_t input_gradients = 0;  ///< of checkpointed blocks: counted as gradients by the allocator
};

/// Follows one forward and backward pass through the model, allocation by allocation: what each operation
/// makes and saves (autograd/ops), when the engine frees it (autograd/engine.cpp), and what stands beside it.
ActivationPeak activation_peak(const PlanInput& input);

}  // namespace genesis::trainer
