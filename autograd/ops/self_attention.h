#pragma once
#include "autograd/tensor.h"

namespace genesis::autograd {

/// Causal self-attention inside each document of fused, already rotated q-k-v rows.
///   Document s is rows [cu_seqlens[s], cu_seqlens[s+1]); attention never crosses documents.
/// Shapes: qkv [N, (A + 2K) d] contiguous, cu_seqlens [S + 1] i32 from 0 to N -> [N, A d]
/// Types: autocast lower     Determinism: bitwise     Source: kernels/attention.h
Tensor self_attention(const Tensor& qkv, const Array& cu_seqlens, int64_t heads, int64_t kv_heads);

}  // namespace genesis::autograd
