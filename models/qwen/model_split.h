#pragma once
#include "parallel/tensor_parallel.h"

namespace genesis::models {

/// How the ranks of a tensor-parallel group share a model. The default: they do not.
struct ModelSplit {
  parallel::TensorParallel tp;
  parallel::Communicator* kv_replicas =
      nullptr;  ///< ranks with the same KV head, when there are fewer than ranks
};

}  // namespace genesis::models
