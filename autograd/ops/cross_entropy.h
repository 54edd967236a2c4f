#pragma once
#include "autograd/tensor.h"

namespace genesis::autograd {

/// What becomes of one loss per row: nothing, their sum, or their sum over the number of rows that count (0
/// when none does).
enum class Reduction { none, sum, mean };

/// -ln softmax(logits_n)_(target_n) for every row whose target is not ignore_index.
/// Shapes: logits [N, V], targets [N] i32 or i64 -> [N], or a scalar     Types: autocast keep; the loss is
/// f32 (f64 for f64) Errors: genesis::Error naming row and value of a target outside [0, V).     Source:
/// kernels/cross_entropy.h
Tensor cross_entropy(const Tensor& logits, const Tensor& targets, Reduction reduction = Reduction::mean,
                     int32_t ignore_index = -100);

}  // namespace genesis::autograd
