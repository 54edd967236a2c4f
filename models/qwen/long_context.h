#pragma once
#include <cstdint>

namespace genesis::models {

/// Qwen-1's dynamic-NTK factor for a prompt of n tokens: alpha = max(2^ceil(log2(n / S) + 1) - 1, 1), with S
/// the training length: 1 up to S, 3 up to 2S, 7 up to 4S. Inference only; kept for the whole continuation of
/// the prompt. Source: the formula of Qwen-1's published modelling code.
double dynamic_ntk_alpha(int64_t n, int64_t seq_length);

}  // namespace genesis::models
