#pragma once
#include <span>

#include "kernels/core/dtype.h"
#include "parallel/call.h"

namespace genesis::parallel {

/// out[i] = in_0[i] op in_1[i] op … op in_{p-1}[i], from left to right (tree_sum: by halves; p a power of
/// two), for i in [0, count); each target gets the result. Types: all; f32, bf16 and f16 accumulate in f32
/// and round once, integers in their own type (wrapping). Aliasing: a target may be one of the sources
/// (exactly, not shifted). Determinism: bitwise, for any number of threads.
void reduce_in_rank_order(std::span<const void* const> sources, std::span<void* const> targets, int64_t count,
                          DType dtype, ReduceOp op);

}  // namespace genesis::parallel
