#include "models/names/parameter_layout.h"

#include <fmt/core.h>

#include "models/config/tensor_split.h"

namespace genesis::models {

using parallel::Shard;

std::vector<parallel::RowBlock> qkv_blocks(const QwenConfig& config) {
  const QwenConfig c = config.resolved();
  return {{c.n_head * c.head_dim, c.n_head},
          {c.n_kv_head * c.head_dim, c.n_kv_head},
          {c.n_kv_head * c.head_dim, c.n_kv_head}};
}

std::vector<parallel::RowBlock> gate_up_blocks(const QwenConfig& config) {
  const int64_t f = config.resolved().intermediate_size;
  return {{f, 0}, {f, 0}};
}

std::vector<ParameterSpec> parameter_layout(const QwenConfig& config, const parallel::TensorSplit& split) {
  const QwenConfig c = config.resolved();
  check_tensor_split(c, split.size);
  const int64_t h = c.n_embd, f = c.intermediate_size, d = c.head_dim, q = c.n_head * d,
                qkv = q + 2 * c.n_kv_head * d;
  const std::vector<parallel::RowBlock> vocabulary{{c.vocab_size, 0}}, heads = qkv_blocks(c),
                                                                       branches = gate_up_blocks(c);
  std::vector<ParameterSpec> out;
  const auto add = [&](std::string name, Shard shard) {
    Shape local = shard.local;
    out.push_back({std::move(name), std::move(local), std::move(shard)});
  };
  const auto rows = [&](const std::vector<parallel::RowBlock>& blocks, Shape shape) {
    return parallel::stacked_rows(blocks, std::move(shape), split.rank, split.size);
  };
  const auto columns = [&](Shape shape) { return Shard::columns(std::move(shape), split.rank, split.size); };
  const auto whole = [&](Shape shape) { return Shard::whole(std::move(shape), split.rank); };

  add("embed.weight", rows(vocabulary, {c.vocab_size, h}));
  for (int64_t n = 0; n < c.n_layer; ++n) {
    const std::string layer = fmt::format("layers.{}.", n);
    add(layer + "input_norm.weight", whole({h}));
    add(layer + "attention.qkv.weight", rows(heads, {qkv, h}));
    if (*c.qkv_bias) add(layer + "attention.qkv.bias", rows(heads, {qkv}));
    if (*c.qk_norm) {
      add(layer + "attention.q_norm.weight", whole({d}));
      add(layer + "attention.k_norm.weight", whole({d}));
    }
    add(layer + "attention.out.weight", columns({h, q}));
    if (c.bias) add(layer + "attention.out.bias", whole({h}));
    add(layer + "post_norm.weight", whole({h}));
    add(layer + "mlp.gate_up.weight", rows(branches, {2 * f, h}));
    if (c.bias) add(layer + "mlp.gate_up.bias", rows(branches, {2 * f}));
    add(layer + "mlp.down.weight", columns({h, f}));
    if (c.bias) add(layer + "mlp.down.bias", whole({h}));
  }
  add("final_norm.weight", whole({h}));
  if (!c.tie_word_embeddings) add("head.weight", rows(vocabulary, {c.vocab_size, h}));
  return out;
}

}  // namespace genesis::models
