#pragma once
#include "autograd/nn/module.h"
#include "models/config/qwen_config.h"

namespace genesis::models {

/// The initial values of Qwen's pre-training.
///   matrices N(0, initializer_range^2); the two that write to the residual stream (attention.out, mlp.down)
///   with std / sqrt(2 n_layer); biases 0; norms 1
/// Determinism: element e of a parameter is a pure function of (seed, parameter name, e), so neither ranks
/// nor the order of parameters change it.
void initialise(const nn::Module& model, const QwenConfig& config, uint64_t seed);

}  // namespace genesis::models
