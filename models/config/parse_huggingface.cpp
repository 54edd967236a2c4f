#include <cmath>
#include <initializer_list>

#include "kernels/core/error.h"
#include "models/config/huggingface.h"
#include "models/config/model_type.h"
#include "models/json/strict_json.h"

namespace genesis::models {
namespace {

using Json = nlohmann::json;
using Keys = std::initializer_list<const char*>;

/// Typed look-up of keys that may go by several names; the first that is present and not null wins.
class Reader {
 public:
  Reader(const Json& json, const std::string& file) : json_(json), file_(file) {}

  [[noreturn]] void refuse(const std::string& key, const std::string& why) const {
    const auto it = json_.find(key);
    const std::string value = it == json_.end() ? "missing" : it->dump();
    throw ConfigError("{}: key '{}' is {}: {}", file_, key, value, why);
  }

  const Json* find(Keys keys, std::string* used) const {
    for (const char* key : keys) {
      if (const auto it = json_.find(key); it != json_.end() && !it->is_null()) {
        *used = key;
        return &*it;
      }
    }
    return nullptr;
  }

  int64_t count(Keys keys, int64_t otherwise) const {
    std::string key;
    const Json* v = find(keys, &key);
    if (!v) return otherwise;
    if (!v->is_number_unsigned() || v->get<uint64_t>() > uint64_t(1) << 40)
      refuse(key, "it must be a whole number");
    return v->get<int64_t>();
  }
  int64_t count(Keys keys) const {
    std::string key;
    if (!find(keys, &key)) refuse(*keys.begin(), "it is needed");
    return count(keys, 0);
  }
  double number(Keys keys, double otherwise) const {
    std::string key;
    const Json* v = find(keys, &key);
    if (!v) return otherwise;
    if (!v->is_number()) refuse(key, "it must be a number");
    return v->get<double>();
  }
  bool boolean(Keys keys, bool otherwise) const {
    std::string key;
    const Json* v = find(keys, &key);
    if (!v) return otherwise;
    if (!v->is_boolean()) refuse(key, "it must be true or false");
    return v->get<bool>();
  }
  std::string text(Keys keys) const {
    std::string key;
    const Json* v = find(keys, &key);
    if (!v) return {};
    if (!v->is_string()) refuse(key, "it must be text");
    return v->get<std::string>();
  }
  const Json& json() const { return json_; }

 private:
  const Json& json_;
  const std::string& file_;
};

QwenFamily read_family(const Reader& r) {
  std::string type = r.text({"model_type"});
  if (type.empty()) {
    const auto it = r.json().find("architectures");
    const bool named = it != r.json().end() && it->is_array() && it->size() == 1 && (*it)[0].is_string();
    if (!named) r.refuse("model_type", "it is needed (qwen, qwen2 or qwen3)");
    for (const QwenFamily f : {QwenFamily::qwen1, QwenFamily::qwen15, QwenFamily::qwen3}) {
      if ((*it)[0].get<std::string>() == architecture_of(f)) return f;
    }
    r.refuse("architectures", "Genesis knows QWenLMHeadModel, Qwen2ForCausalLM and Qwen3ForCausalLM");
  }
  const bool experimental = type == kExperimentalType;
  const auto family = family_of(experimental ? r.text({"base_model_type"}) : type);
  if (!family && experimental) r.refuse("base_model_type", "it must be qwen, qwen2 or qwen3");
  if (!family) r.refuse("model_type", "Genesis knows the dense models qwen, qwen2 and qwen3");
  return *family;
}

/// Settings that would change the computation and that Genesis does not have.
void refuse_what_would_be_wrong(const Reader& r) {
  if (r.json().contains("quantization_config")) {
    r.refuse("quantization_config", "quantised weights cannot be trained; use the original checkpoint");
  }
  if (const auto act = r.text({"hidden_act"}); !act.empty() && act != "silu")
    r.refuse("hidden_act", "only silu is known");
  if (r.boolean({"use_sliding_window"}, false))
    r.refuse("use_sliding_window", "sliding windows are not supported");
  for (const char* key : {"rope_scaling", "rope_parameters"}) {
    const auto it = r.json().find(key);
    if (it == r.json().end() || it->is_null()) continue;
    if (!it->is_object()) r.refuse(key, "it must be an object");
    const auto type = it->contains("rope_type") ? it->find("rope_type") : it->find("type");
    if (type != it->end() && *type != "default")
      r.refuse(key, "only the plain rotary embedding is supported");
  }
  if (r.number({"rotary_pct"}, 1.0) != 1.0) r.refuse("rotary_pct", "only 1.0 is supported");
  if (!r.boolean({"scale_attn_weights"}, true)) r.refuse("scale_attn_weights", "only true is supported");
}

QwenConfig parse_qwen1(const Reader& r, QwenConfig c) {
  c.n_kv_head = c.n_head;
  c.max_seq_len = r.count({"max_position_embeddings", "n_positions"}, 8192);
  c.seq_length = r.count({"seq_length"}, c.max_seq_len);
  c.head_dim = r.count({"kv_channels"}, 128);
  const int64_t doubled = r.count({"intermediate_size", "ffn_hidden_size"});
  if (doubled % 2 != 0)
    r.refuse("intermediate_size", "model_type qwen writes twice the width, so it must be even");
  c.intermediate_size = doubled / 2;
  c.norm_eps = r.number({"layer_norm_epsilon"}, 1e-6);
  c.rope_base = r.number({"rotary_emb_base", "rope_theta"}, 1e4);
  c.use_dynamic_ntk = r.boolean({"use_dynamic_ntk"}, true);
  c.use_logn_attn = r.boolean({"use_logn_attn"}, true);
  c.dropout = r.number({"emb_dropout_prob", "embd_pdrop"}, 0.0);
  c.attention_dropout = r.number({"attn_dropout_prob", "attn_pdrop"}, 0.0);
  c.bias = !r.boolean({"no_bias"}, true);
  for (const auto& [flag, dtype] :
       {std::pair("bf16", DType::bf16), std::pair("fp16", DType::f16), std::pair("fp32", DType::f32)}) {
    if (!c.dtype && r.boolean({flag}, false)) c.dtype = dtype;
  }
  c.qkv_bias = true;
  c.qk_norm = false;
  if (c.n_head * c.head_dim != c.n_embd) {
    r.refuse("kv_channels", fmt::format("times {} heads it must be hidden_size {}", c.n_head, c.n_embd));
  }
  return c;
}

QwenConfig parse_llama_style(const Reader& r, QwenConfig c) {
  c.n_kv_head = r.json().contains("num_key_value_heads") ? r.count({"num_key_value_heads"}, c.n_head) : 32;
  c.max_seq_len = r.count({"max_position_embeddings"}, 32768);
  c.head_dim = r.count({"head_dim"}, c.family == QwenFamily::qwen3 ? 128 : 0);
  c.intermediate_size = r.count({"intermediate_size"});
  c.norm_eps = r.number({"rms_norm_eps"}, 1e-6);
  c.rope_base = r.number({"rope_theta"}, 1e4);
  if (const auto it = r.json().find("rope_parameters"); it != r.json().end() && it->is_object()) {
    const auto base = it->find("rope_theta");
    if (base != it->end() && !base->is_number()) r.refuse("rope_parameters", "rope_theta must be a number");
    if (base != it->end()) c.rope_base = base->get<double>();
  }
  c.attention_dropout = r.number({"attention_dropout"}, 0.0);
  c.qk_norm = c.family == QwenFamily::qwen3;
  c.qkv_bias = c.family == QwenFamily::qwen15;
  if (r.boolean({"attention_bias"}, *c.qkv_bias) != *c.qkv_bias) {
    r.refuse("attention_bias", fmt::format("only {} is supported for this model_type", *c.qkv_bias));
  }
  return c;
}

/// Every switch by its own name; see experimental_reason.
QwenConfig parse_experimental(const Reader& r, QwenConfig c) {
  c.n_kv_head = r.count({"num_key_value_heads"});
  c.head_dim = r.count({"head_dim"});
  c.intermediate_size = r.count({"intermediate_size"});
  c.max_seq_len = r.count({"max_position_embeddings"});
  c.seq_length = r.count({"seq_length"}, c.max_seq_len);
  c.rope_base = r.number({"rope_theta"}, 0.0);
  c.rope_interleaved = r.boolean({"rope_interleaved"}, false);
  c.norm_eps = r.number({"rms_norm_eps"}, 1e-6);
  c.qkv_bias = r.boolean({"attention_bias"}, false);
  c.qk_norm = r.boolean({"use_qk_norm"}, false);
  c.bias = r.boolean({"bias"}, false);
  c.use_dynamic_ntk = r.boolean({"use_dynamic_ntk"}, false);
  c.use_logn_attn = r.boolean({"use_logn_attn"}, false);
  c.dropout = r.number({"emb_dropout_prob"}, 0.0);
  c.attention_dropout = r.number({"attention_dropout"}, 0.0);
  return c;
}

}  // namespace

Naming naming_of(QwenFamily family) { return family == QwenFamily::qwen1 ? Naming::qwen : Naming::llama; }

Naming naming_of(const QwenConfig& config) {
  const QwenConfig c = config.resolved();
  const bool qwen =
      c.family == QwenFamily::qwen1 && c.n_kv_head == c.n_head && experimental_reason(c).empty();
  return qwen ? Naming::qwen : Naming::llama;
}

QwenConfig parse_huggingface_config(std::string_view text, const std::string& file) {
  const Json json = [&] {
    try {
      return parse_json(text, file);
    } catch (const CheckpointError& e) {
      throw ConfigError("{}", e.what());
    }
  }();
  if (!json.is_object()) throw ConfigError("{}: must be a JSON object", file);
  const Reader r(json, file);
  QwenConfig c;
  c.family = read_family(r);
  refuse_what_would_be_wrong(r);
  c.vocab_size = r.count({"padded_vocab_size", "vocab_size"});
  c.n_embd = r.count({"hidden_size", "n_embd"});
  c.n_layer = r.count({"num_hidden_layers", "n_layer"});
  c.n_head = r.count({"num_attention_heads", "n_head"});
  c.dropout = 0;
  c.initializer_range = r.number({"initializer_range"}, 0.02);
  c.tie_word_embeddings = r.boolean({"tie_word_embeddings"}, false);
  std::string dtype_key;
  if (r.find({"torch_dtype", "dtype", "params_dtype"}, &dtype_key)) {
    c.dtype = dtype_from_name(r.text({"torch_dtype", "dtype", "params_dtype"}));
    if (!c.dtype) r.refuse(dtype_key, "it must be float32, bfloat16 or float16");
  }
  const bool experimental = r.text({"model_type"}) == kExperimentalType;
  c = experimental                    ? parse_experimental(r, c)
      : c.family == QwenFamily::qwen1 ? parse_qwen1(r, c)
                                      : parse_llama_style(r, c);
  try {
    return c.resolved();
  } catch (const ConfigError& e) {
    throw ConfigError("{}: {}", file, e.what());
  }
}

}  // namespace genesis::models
