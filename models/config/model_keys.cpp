#include "models/config/model_keys.h"

#include <charconv>
#include <functional>

#include "kernels/core/error.h"
#include "models/config/model_type.h"

namespace genesis::models {
namespace {

[[noreturn]] void refuse(const ModelValue& v, std::string_view why) {
  throw ConfigError("{}: key '{}' is '{}': {}", v.where, v.key, v.value, why);
}

template <class T>
T number(const ModelValue& v, std::string_view what) {
  T x{};
  const char* end = v.value.data() + v.value.size();
  const auto [at, error] = std::from_chars(v.value.data(), end, x);
  if (error != std::errc() || at != end) refuse(v, what);
  return x;
}

int64_t count(const ModelValue& v) { return number<int64_t>(v, "it must be a whole number"); }
double real(const ModelValue& v) { return number<double>(v, "it must be a number"); }

bool boolean(const ModelValue& v) {
  if (v.value == "true" || v.value == "True") return true;
  if (v.value == "false" || v.value == "False") return false;
  refuse(v, "it must be true or false");
}

/// What the keys say beside the fields of the config itself.
struct Draft {
  QwenConfig config;
  const ModelValue* written_width = nullptr;  // intermediate_size
  bool has_type = false;
};

using Set = std::function<void(Draft&, const ModelValue&)>;

template <class T>
Set field(T QwenConfig::*member) {
  return [member](Draft& d, const ModelValue& v) {
    if constexpr (std::is_same_v<T, int64_t>) {
      d.config.*member = count(v);
    } else if constexpr (std::is_same_v<T, double>) {
      d.config.*member = real(v);
    } else {
      d.config.*member = boolean(v);
    }
  };
}

void set_type(Draft& d, const ModelValue& v) {
  const auto family = family_of(v.value);
  if (!family) refuse(v, "Genesis knows qwen (also qwen1), qwen2 (also qwen1.5) and qwen3");
  d.config.family = *family;
  d.has_type = true;
}

struct Row {
  ModelKey key;
  Set set;
};

const std::vector<Row>& rows() {
  using C = QwenConfig;
  static const std::vector<Row> table{
      {{"model_type", {"family"}}, set_type},
      {{"vocab_size", {"padded_vocab_size"}}, field(&C::vocab_size)},
      {{"hidden_size", {"n_embd", "embedding_dim", "emb_dim"}}, field(&C::n_embd)},
      {{"num_hidden_layers", {"n_layer", "num_layers"}}, field(&C::n_layer)},
      {{"num_attention_heads", {"n_head", "num_heads"}}, field(&C::n_head)},
      {{"num_key_value_heads", {"n_kv_head", "n_kv_heads", "num_kv_heads", "num_kv_groups", "n_kv_groups"}},
       field(&C::n_kv_head)},
      {{"head_dim", {"kv_channels"}}, field(&C::head_dim)},
      {{"hidden_dim", {"ffn_dim"}}, field(&C::intermediate_size)},
      {{"intermediate_size", {"ffn_hidden_size"}},
       [](Draft& d, const ModelValue& v) { d.written_width = &v; }},
      {{"max_position_embeddings", {"max_seq_len", "context_length", "n_positions"}}, field(&C::max_seq_len)},
      {{"seq_length", {}}, field(&C::seq_length)},
      {{"rope_theta", {"rope_base", "rotary_emb_base"}}, field(&C::rope_base)},
      {{"rope_interleaved", {"rotary_interleaved"}}, field(&C::rope_interleaved)},
      {{"rms_norm_eps", {"layer_norm_epsilon", "norm_eps"}}, field(&C::norm_eps)},
      {{"tie_word_embeddings", {}}, field(&C::tie_word_embeddings)},
      {{"qkv_bias", {"attention_bias"}}, field(&C::qkv_bias)},
      {{"use_qk_norm", {"qk_norm"}}, field(&C::qk_norm)},
      {{"bias", {}}, field(&C::bias)},
      {{"no_bias", {}}, [](Draft& d, const ModelValue& v) { d.config.bias = !boolean(v); }},
      {{"use_dynamic_ntk", {}}, field(&C::use_dynamic_ntk)},
      {{"use_logn_attn", {}}, field(&C::use_logn_attn)},
      {{"emb_dropout_prob", {"dropout", "embd_pdrop"}}, field(&C::dropout)},
      {{"attn_dropout_prob", {"attention_dropout", "attn_pdrop"}}, field(&C::attention_dropout)},
      {{"initializer_range", {}}, field(&C::initializer_range)},
      {{"torch_dtype", {"dtype"}},
       [](Draft& d, const ModelValue& v) {
         d.config.dtype = dtype_from_name(v.value);
         if (!d.config.dtype) refuse(v, "it must be float32, bfloat16 or float16");
       }},
      // the word the Qwen3 documentation of this model family uses, in its own spelling too
      {{"qwen3_compatible", {"qwen3_compatiable"}},
       [](Draft& d, const ModelValue& v) {
         if (boolean(v)) d.config.family = QwenFamily::qwen3;
       }},
  };
  return table;
}

const Row* find_row(std::string_view key) {
  for (const auto& row : rows()) {
    if (row.key.name == key) return &row;
    for (const auto alias : row.key.aliases) {
      if (alias == key) return &row;
    }
  }
  return nullptr;
}

}  // namespace

const std::vector<ModelKey>& model_keys() {
  static const std::vector<ModelKey> keys = [] {
    std::vector<ModelKey> k;
    for (const auto& row : rows()) k.push_back(row.key);
    return k;
  }();
  return keys;
}

QwenConfig config_from_keys(const std::vector<ModelValue>& values, const std::string& file) {
  Draft d;
  d.config.dropout = 0;
  std::map<std::string_view, const ModelValue*> seen;  // main name -> first value
  for (const auto& v : values) {
    const Row* row = find_row(v.key);
    if (!row) {
      std::string known;
      for (const auto& k : model_keys()) known += (known.empty() ? "" : ", ") + std::string(k.name);
      throw ConfigError("{}: key '{}' is unknown; model keys are {}", v.where, v.key, known);
    }
    const auto [it, fresh] = seen.emplace(row->key.name, &v);
    if (!fresh && (it->second->value != v.value || it->second->key == v.key)) {
      throw ConfigError("{}: key '{}' is '{}', but {} says {} '{}'", v.where, v.key, v.value,
                        it->second->where, it->second->key, it->second->value);
    }
    row->set(d, v);
  }
  for (const char* needed : {"vocab_size", "hidden_size", "num_hidden_layers", "num_attention_heads"}) {
    if (!seen.contains(needed)) throw ConfigError("{}: key '{}' is missing", file, needed);
  }
  if (d.written_width) {
    const auto& v = *d.written_width;
    if (seen.contains("hidden_dim")) refuse(v, "hidden_dim is given too; give one of the two");
    if (!d.has_type)
      refuse(v,
             "say model_type beside it (qwen writes twice the width), or give hidden_dim, the width itself");
    const int64_t written = count(v);
    const bool doubled = d.config.family == QwenFamily::qwen1;
    if (doubled && written % 2 != 0) refuse(v, "model_type qwen writes twice the width, so it must be even");
    d.config.intermediate_size = doubled ? written / 2 : written;
  }
  try {
    return d.config.resolved();
  } catch (const ConfigError& e) {
    throw ConfigError("{}: {}", file, e.what());
  }
}

}  // namespace genesis::models
