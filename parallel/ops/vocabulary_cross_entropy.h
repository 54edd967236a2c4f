#pragma once
#include <vector>

#include "autograd/tensor.h"
#include "parallel/tensor_parallel.h"

namespace genesis::parallel {

/// Targets [N] i32 whose losses weigh the same; -100 where a token has none, or one of another weight.
struct WeightedTargets {
  double weight = 1;
  Array targets;
};

/// sum over the parts of weight x (sum of the losses of its targets):
/// autograd::linear_cross_entropy with the head's matrix shared out by rows (tokens) over the ranks: logits
/// stay where they are made, and each rank shows three numbers a supervised token (largest logit, sum of
/// exponentials, logit of the target). Every rank returns the same loss.
/// Shapes: x [N, H] (sequence parallel: [N / size, H]), weight [V_r, H]: rows share_of(vocabulary, rank,
/// size),
///         targets i32 [N] -> scalar []
/// Types, Memory: as autograd::linear_cross_entropy
/// Traffic a rank: forward 3 numbers of f32 (f64 for f64) a supervised token; backward N H elements. Under
///   sequence parallelism x is gathered in both (N H / size each) and its gradient scattered (N H / size).
///   The same for any number of parts: x is gathered once for all of them, and their gradients are added up
///   before they are summed over the ranks.
/// Errors: genesis::Error for no parts, or naming the token of a target outside [0, vocabulary).
/// Determinism: bitwise.
Tensor vocabulary_cross_entropy(const Tensor& x, const Tensor& weight,
                                const std::vector<WeightedTargets>& parts, int64_t vocabulary,
                                const TensorParallel& tp);

/// The losses themselves, 0 where ignored: [N], the same on every rank; no gradient.
Array vocabulary_token_losses(const Tensor& x, const Tensor& weight, const Array& targets, int64_t vocabulary,
                              const TensorParallel& tp);

/// Logits of every token, on every rank, for looking at them: x as above -> [N, vocabulary]. No gradient.
Array gathered_logits(const Tensor& x, const Tensor& weight, int64_t vocabulary, const TensorParallel& tp);

}  // namespace genesis::parallel
