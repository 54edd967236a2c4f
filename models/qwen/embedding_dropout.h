#pragma once
#include <vector>

#include "models/qwen/token_batch.h"
#include "parallel/shard.h"

namespace genesis::models {

/// Dropout of the embedded tokens of a flat batch, in training.
///   y_ti = x_ti / (1 - p) or 0. Element i of token t of text s follows the random stream (next stream of
///   this thread, sample of s) at t H + i: the choice depends on the sample, not on what it is batched with
///   or on which rank, as long as the thread's autograd::random_state() does not.
/// `tokens`: which tokens of the batch x's rows are, in order, where a rank holds some of them; none: the
/// first ones.
/// Shapes: x [rows, H] -> [rows, H]      Types: f64, f32, bf16      Errors: genesis::Error unless 0 <= p < 1
/// Determinism: bitwise, whatever the split of samples into micro-batches and ranks
Tensor embedding_dropout(const Tensor& x, const TokenBatch& batch, double p,
                         std::vector<parallel::Range> tokens = {});

}  // namespace genesis::models
