#include "autograd/nn/embedding.h"

#include "autograd/ops/embedding.h"

namespace genesis::nn {

Embedding::Embedding(int64_t num_embeddings, int64_t embedding_dim, DType dtype)
    : weight(register_parameter("weight", parameter({num_embeddings, embedding_dim}, dtype))) {}

Tensor Embedding::operator()(const Tensor& ids) const { return autograd::embedding(ids, weight); }

}  // namespace genesis::nn
