#include "models/names/parameter_layout.h"

#include <fmt/core.h>

namespace genesis::models {

std::vector<ParameterSpec> parameter_layout(const QwenConfig& config) {
  const QwenConfig c = config.resolved();
  const int64_t h = c.n_embd, f = c.intermediate_size, d = c.head_dim, q = c.n_head * d,
                qkv = q + 2 * c.n_kv_head * d;
  std::vector<ParameterSpec> out{{"embed.weight", {c.vocab_size, h}}};
  for (int64_t n = 0; n < c.n_layer; ++n) {
    const auto add = [&](std::string_view name, Shape shape) {
      out.push_back({fmt::format("layers.{}.{}", n, name), std::move(shape)});
    };
    add("input_norm.weight", {h});
    add("attention.qkv.weight", {qkv, h});
    if (*c.qkv_bias) add("attention.qkv.bias", {qkv});
    if (*c.qk_norm) {
      add("attention.q_norm.weight", {d});
      add("attention.k_norm.weight", {d});
    }
    add("attention.out.weight", {h, q});
    if (c.bias) add("attention.out.bias", {h});
    add("post_norm.weight", {h});
    add("mlp.gate_up.weight", {2 * f, h});
    if (c.bias) add("mlp.gate_up.bias", {2 * f});
    add("mlp.down.weight", {h, f});
    if (c.bias) add("mlp.down.bias", {h});
  }
  out.push_back({"final_norm.weight", {h}});
  if (!c.tie_word_embeddings) out.push_back({"head.weight", {c.vocab_size, h}});
  return out;
}

}  // namespace genesis::models
