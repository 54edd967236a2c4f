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
  const int64_t block_forward = rows ? 4 * part : 2 * all, block_backward = rows ? 6 * part : 2 * all;
  const int64_t norm = rows ? c.n_embd * parameter : 0, qk_norm = *c.qk_norm ? 2 * c.head_dim * parameter : 0;
  const int64_t embedding = rows ? 2 * part : all;
  const int64_t head = (rows ? 3 * part : all) + 3 * statistic * pass.supervised;
  const int64_t forwards = pass.gradient_checkpointing ? 2 : 1;
  TensorTraffic traffic;
  traffic.tp =
      embedding + head + norm + c.n_layer * (forwards * block_forward + block_backward + 2 * norm + qk_norm);
  if (c.n_kv_head < ranks) {
    const int64_t width = c.n_embd + (*c.qkv_bias ? 1 : 0);
    traffic.kv = c.n_layer * 2 * c.head_dim * width * (pass.parameters == DType::f64 ? 8 : 4);
  }
  return traffic;
}

}  // namespace genesis::models
