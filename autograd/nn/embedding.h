#pragma once
#include "autograd/nn/module.h"

namespace genesis::nn {

/// y = weight[ids]. weight [num_embeddings, embedding_dim]; values undefined until initialised or loaded.
class Embedding : public Module {
 public:
  Embedding(int64_t num_embeddings, int64_t embedding_dim, DType dtype = DType::f32);
  /// ids [...] i32 or i64 -> [..., embedding_dim]. Errors: genesis::Error for an id outside the table.
  Tensor operator()(const Tensor& ids) const;

  Tensor weight;
};

}  // namespace genesis::nn
