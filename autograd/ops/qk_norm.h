#pragma once
#include "autograd/tensor.h"

namespace genesis::autograd {

/// Qwen3's RMSNorm of every query and key head of fused q-k-v rows; values pass unchanged.
///   y = [ rms_norm(q_head, q_weight) … | rms_norm(k_head, k_weight) … | v … ]
/// Shapes: qkv [N, (A + 2K) d] contiguous, q_weight, k_weight [d] -> [N, (A + 2K) d]
/// Types: autocast keep     Source: Qwen3 technical report, section 2; kernels/rms_norm.h
Tensor qk_norm(const Tensor& qkv, const Tensor& q_weight, const Tensor& k_weight, int64_t heads,
               int64_t kv_heads, double eps);

}  // namespace genesis::autograd
