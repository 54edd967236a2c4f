#include "models/qwen/tensor_traffic.h"

#include "parallel/row_chunks.h"

namespace genesis::models {
namespace {

LoggedTraffic operator*(int64_t n, const LoggedTraffic& t) { return {n * t.bytes, n * t.calls}; }

}  // namespace

TensorTraffic tensor_traffic(const QwenConfig& config, const SplitPass& pass) {
  const QwenConfig c = config.resolved();
  const int64_t ranks = pass.tensor_parallel;
  if (ranks <= 1) return {};
  const bool rows = pass.sequence_parallel;
  const int64_t tokens = rows ? (pass.tokens + ranks - 1) / ranks * ranks : pass.tokens;
  TensorTraffic traffic{.chunks = parallel::chunks_of(tokens, int(ranks), pass.overlap)};
  const int64_t all = tokens * c.n_embd * size_of(pass.activations) / (rows ? ranks : 1);
  // Beside a product; and alone, where a chunk is a call only if ranks share its rows.
  const LoggedTraffic exchange{all, traffic.chunks}, alone{all, rows ? traffic.chunks : 1};
  const int64_t parameter = size_of(pass.parameters), statistic = pass.activations == DType::f64 ? 8 : 4;
  const LoggedTraffic numbers{3 * statistic * pass.supervised, 1};  // of each supervised token
  const int64_t of_block = rows ? 4 : 2;                            // two column layers and two row layers

  traffic.waited += (rows ? 2 : 1) * alone;  // embedding, input of the head
  traffic.waited += numbers;
  traffic.beside += c.n_layer * of_block * exchange;
  if (pass.forward_only) return traffic;

  traffic.waited += (rows ? 3 : 1) * alone;
  if (rows) traffic.waited += (1 + 2 * c.n_layer) * LoggedTraffic{c.n_embd * parameter, 1};  // norms
  if (*c.qk_norm) traffic.waited += 2 * c.n_layer * LoggedTraffic{c.head_dim * parameter, 1};
  if (pass.gradient_checkpointing) traffic.beside += c.n_layer * of_block * exchange;
  if (rows) traffic.beside += c.n_layer * 2 * exchange;
  traffic.under_weights += c.n_layer * (rows ? 4 : 2) * exchange;
  if (c.n_kv_head < ranks) {
    const int64_t width = c.n_embd + (*c.qkv_bias ? 1 : 0);
    const int64_t bytes = 2 * c.head_dim * width * (pass.parameters == DType::f64 ? 8 : 4);
    traffic.kv += c.n_layer * LoggedTraffic{bytes, *c.qkv_bias ? 2 : 1};
  }
  return traffic;
}

}  // namespace genesis::models
