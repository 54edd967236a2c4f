#include "models/qwen/tensor_traffic.h"

namespace genesis::models {

TensorTraffic tensor_traffic(const QwenConfig& config, const SplitPass& pass) {
  const QwenConfig c = config.resolved();
  const int64_t ranks = pass.tensor_parallel;
  if (ranks <= 1) return {};
  const bool rows = pass.sequence_parallel;
  const int64_t tokens = rows ? (pass.tokens + ranks - 1) / ranks * ranks : pass.tokens;
  const int64_t all = tokens * c.n_embd * size_of(pass.activations), part = all / ranks;
  const int64_t parameter = size_of(pass.parameters), statistic = pass.activations == DType::f64 ? 8 : 4;
  // A block has two column layers and two row layers.
  const int64_t block = rows ? 4 * part : 2 * all;
  TensorTraffic traffic;
  traffic.tp = (rows ? part : all) + (rows ? part : 0) + 3 * statistic * pass.supervised + c.n_layer * block;
  if (pass.forward_only) return traffic;

  const int64_t norm = rows ? c.n_embd * parameter : 0, qk_norm = *c.qk_norm ? 2 * c.head_dim * parameter : 0;
  const int64_t again = pass.gradient_checkpointing ? block : 0, block_backward = rows ? 6 * part : 2 * all;
  const int64_t embedding = rows ? part : 0, head = rows ? 2 * part : all;
  traffic.tp += embedding + head + norm + c.n_layer * (again + block_backward + 2 * norm + qk_norm);
  if (c.n_kv_head < ranks) {
    const int64_t width = c.n_embd + (*c.qkv_bias ? 1 : 0);
    traffic.kv = c.n_layer * 2 * c.head_dim * width * (pass.parameters == DType::f64 ? 8 : 4);
  }
  return traffic;
}

}  // namespace genesis::models
