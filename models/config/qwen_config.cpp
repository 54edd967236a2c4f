#include "models/config/qwen_config.h"

#include <cmath>

#include "kernels/core/error.h"

namespace genesis::models {
namespace {

template <class T>
[[noreturn]] void refuse(std::string_view key, const T& value, std::string_view why) {
  throw ConfigError("model key '{}' is {}: {}", key, value, why);
}

// A model of layers as wide as this, kMostLayers of them, still counts its parameters inside int64.
constexpr int64_t kWidest = int64_t(1) << 22, kMostLayers = 10'000, kMost = int64_t(1) << 31;

void check_count(std::string_view key, int64_t value, int64_t most) {
  if (value < 1 || value > most) refuse(key, value, fmt::format("it must be from 1 to {}", most));
}

void check_counts(const QwenConfig& c) {
  check_count("vocab_size", c.vocab_size, kMost);
  check_count("n_layer", c.n_layer, kMostLayers);
  check_count("n_kv_head", c.n_kv_head, kWidest);
  check_count("head_dim", c.head_dim, kWidest);
  check_count("n_head * head_dim", c.n_head * c.head_dim, kWidest);
  check_count("intermediate_size", c.intermediate_size, kWidest);
  check_count("max_seq_len", c.max_seq_len, kMost);
  check_count("seq_length", c.seq_length, kMost);
  if (c.n_head % c.n_kv_head != 0)
    refuse("n_kv_head", c.n_kv_head, fmt::format("it must divide n_head {}", c.n_head));
  if (c.head_dim % 2 != 0) refuse("head_dim", c.head_dim, "rotary positions need an even width");
  if (c.seq_length < 2) refuse("seq_length", c.seq_length, "it must be at least 2");
}

void check_numbers(const QwenConfig& c) {
  for (const auto& [key, p] :
       {std::pair("dropout", c.dropout), std::pair("attention_dropout", c.attention_dropout)}) {
    if (!(p >= 0 && p < 1)) refuse(key, p, "it must be at least 0 and below 1");
  }
  if (!(c.rope_base > 0) || !std::isfinite(c.rope_base))
    refuse("rope_base", c.rope_base, "it must be above 0");
  if (!(c.norm_eps > 0) || !(c.norm_eps < 1))
    refuse("norm_eps", c.norm_eps, "it must be above 0 and below 1");
  if (!(c.initializer_range > 0) || !std::isfinite(c.initializer_range)) {
    refuse("initializer_range", c.initializer_range, "it must be above 0");
  }
  if (c.dtype && !is_floating(*c.dtype))
    refuse("dtype", genesis::name_of(*c.dtype), "it must be a floating type");
}

}  // namespace

std::string_view name_of(QwenFamily family) {
  switch (family) {
    case QwenFamily::qwen1:
      return "qwen1";
    case QwenFamily::qwen15:
      return "qwen15";
    case QwenFamily::qwen3:
      break;
  }
  return "qwen3";
}

QwenConfig QwenConfig::resolved() const {
  QwenConfig c = *this;
  check_count("n_head", n_head, kWidest);
  check_count("n_embd", n_embd, kWidest);
  if (n_kv_head == 0) c.n_kv_head = n_head;
  if (head_dim == 0) {
    if (n_embd % n_head != 0)
      refuse("n_embd", n_embd, fmt::format("n_head {} does not divide it; set head_dim", n_head));
    c.head_dim = n_embd / n_head;
  }
  if (intermediate_size == 0) c.intermediate_size = (8 * n_embd / 3 + 127) / 128 * 128;
  if (!qkv_bias) c.qkv_bias = family != QwenFamily::qwen3;
  if (!qk_norm) c.qk_norm = family == QwenFamily::qwen3;
  if (rope_base == 0) c.rope_base = family == QwenFamily::qwen1 ? 1e4 : 1e6;
  if (seq_length == 0) c.seq_length = max_seq_len;
  check_counts(c);
  check_numbers(c);
  return c;
}

std::string experimental_reason(const QwenConfig& config) {
  const QwenConfig c = config.resolved();
  if (c.rope_interleaved) return "it has rope_interleaved, neighbouring dimensions turn together";
  if (*c.qk_norm && *c.qkv_bias) return "it has both use_qk_norm and qkv_bias";
  if (!*c.qk_norm && !*c.qkv_bias) return "it has neither use_qk_norm nor qkv_bias";
  const bool plain_heads = c.n_head * c.head_dim == c.n_embd;
  if (!*c.qk_norm && !plain_heads) return "heads times head_dim is not the hidden size";
  if (c.bias && (c.family != QwenFamily::qwen1 || *c.qk_norm || c.n_kv_head != c.n_head))
    return "it has biases in the output projection and the MLP";
  return {};
}

int64_t parameter_count(const QwenConfig& config) {
  const QwenConfig c = config.resolved();
  const int64_t h = c.n_embd, f = c.intermediate_size, q = c.n_head * c.head_dim,
                kv = c.n_kv_head * c.head_dim;
  int64_t layer = h * (q + 2 * kv) + q * h + 3 * h * f + 2 * h;
  if (*c.qkv_bias) layer += q + 2 * kv;
  if (*c.qk_norm) layer += 2 * c.head_dim;
  if (c.bias) layer += h + 2 * f + h;
  return c.vocab_size * h * (c.tie_word_embeddings ? 1 : 2) + c.n_layer * layer + h;
}

}  // namespace genesis::models
