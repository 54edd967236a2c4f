#pragma once
#include "autograd/tensor.h"
#include "parallel/tensor_parallel.h"

namespace genesis::parallel {

/// Rows of an embedding table shared out over the ranks: each looks up what it has, and the ranks add up.
/// Shapes: ids [N] i32, weight [V_r, H]: rows share_of(vocabulary, rank, size) -> [N, H] (sequence parallel:
///         [N / size, H])
/// Types: as autograd::embedding; the sum is exact, one rank has each row
/// Traffic a rank, in elements: forward N H (sequence parallel: N H / size); backward none (N H / size)
/// Errors: genesis::Error naming place and value of an id outside [0, vocabulary). Not split:
/// autograd::embedding.
Tensor vocabulary_embedding(const Tensor& ids, const Tensor& weight, int64_t vocabulary,
                            const TensorParallel& tp);

}  // namespace genesis::parallel
