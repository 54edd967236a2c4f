#include <cmath>
#include <nlohmann/json.hpp>

#include "kernels/core/error.h"
#include "models/config/huggingface.h"
#include "models/config/model_type.h"

namespace genesis::models {
namespace {

using Json = nlohmann::ordered_json;

[[noreturn]] void refuse(std::string_view model_type, std::string_view why) {
  throw ConfigError("this model cannot be written as model_type '{}': {}", model_type, why);
}

/// Whole numbers without a fraction, as the released files have them.
Json number(double v) {
  if (std::abs(v) < 1e15 && v == std::trunc(v)) return Json(int64_t(v));
  return Json(v);
}

Json qwen1_json(const QwenConfig& c) {
  if (c.n_kv_head != c.n_head) refuse("qwen", "it has fewer key/value heads than query heads");
  if (c.n_head * c.head_dim != c.n_embd) refuse("qwen", "heads times head_dim is not the hidden size");
  if (*c.qk_norm || !*c.qkv_bias) refuse("qwen", "it needs q/k/v biases and no q/k norm");
  if (c.rope_interleaved) refuse("qwen", "it has rope_interleaved");
  Json j;
  j["architectures"] = {architecture_of(QwenFamily::qwen1)};
  j["auto_map"] = {{"AutoConfig", "configuration_qwen.QWenConfig"},
                   {"AutoModelForCausalLM", "modeling_qwen.QWenLMHeadModel"}};
  j["attn_dropout_prob"] = c.attention_dropout;
  j["bf16"] = c.dtype == DType::bf16;
  j["emb_dropout_prob"] = c.dropout;
  j["fp16"] = c.dtype == DType::f16;
  j["fp32"] = c.dtype == DType::f32;
  j["hidden_size"] = c.n_embd;
  j["intermediate_size"] = 2 * c.intermediate_size;
  j["initializer_range"] = c.initializer_range;
  j["kv_channels"] = c.head_dim;
  j["layer_norm_epsilon"] = c.norm_eps;
  j["max_position_embeddings"] = c.max_seq_len;
  j["model_type"] = "qwen";
  j["no_bias"] = !c.bias;
  j["num_attention_heads"] = c.n_head;
  j["num_hidden_layers"] = c.n_layer;
  j["onnx_safe"] = nullptr;
  j["rotary_emb_base"] = number(c.rope_base);
  j["rotary_pct"] = 1.0;
  j["scale_attn_weights"] = true;
  j["seq_length"] = c.seq_length;
  j["tie_word_embeddings"] = c.tie_word_embeddings;
  j["tokenizer_class"] = "QWenTokenizer";
  j["use_cache"] = true;
  j["use_dynamic_ntk"] = c.use_dynamic_ntk;
  j["use_flash_attn"] = "auto";
  j["use_logn_attn"] = c.use_logn_attn;
  j["vocab_size"] = c.vocab_size;
  return j;
}

/// Every switch by its own name: what model_keys.h knows, in the values of this config.
Json experimental_json(const QwenConfig& c) {
  Json j;
  j["architectures"] = {"GenesisQwenForCausalLM"};
  j["model_type"] = kExperimentalType;
  j["base_model_type"] = model_type_of(c.family);
  j["vocab_size"] = c.vocab_size;
  j["hidden_size"] = c.n_embd;
  j["num_hidden_layers"] = c.n_layer;
  j["num_attention_heads"] = c.n_head;
  j["num_key_value_heads"] = c.n_kv_head;
  j["head_dim"] = c.head_dim;
  j["intermediate_size"] = c.intermediate_size;
  j["max_position_embeddings"] = c.max_seq_len;
  j["seq_length"] = c.seq_length;
  j["rope_theta"] = number(c.rope_base);
  j["rope_interleaved"] = c.rope_interleaved;
  j["rms_norm_eps"] = c.norm_eps;
  j["tie_word_embeddings"] = c.tie_word_embeddings;
  j["attention_bias"] = *c.qkv_bias;
  j["use_qk_norm"] = *c.qk_norm;
  j["bias"] = c.bias;
  j["use_dynamic_ntk"] = c.use_dynamic_ntk;
  j["use_logn_attn"] = c.use_logn_attn;
  j["emb_dropout_prob"] = c.dropout;
  j["attention_dropout"] = c.attention_dropout;
  j["initializer_range"] = c.initializer_range;
  if (c.dtype) j["torch_dtype"] = torch_name_of(*c.dtype);
  return j;
}

Json llama_json(const QwenConfig& c) {
  if (!experimental_reason(c).empty()) return experimental_json(c);
  const QwenFamily family = *c.qk_norm ? QwenFamily::qwen3 : QwenFamily::qwen15;
  const auto type = model_type_of(family);
  if (c.bias) refuse(type, "it has biases in the output projection and the MLP");
  Json j;
  j["architectures"] = {architecture_of(family)};
  j["attention_dropout"] = c.attention_dropout;
  if (family == QwenFamily::qwen3) {
    j["attention_bias"] = false;
    j["head_dim"] = c.head_dim;
  }
  j["hidden_act"] = "silu";
  j["hidden_size"] = c.n_embd;
  j["initializer_range"] = c.initializer_range;
  j["intermediate_size"] = c.intermediate_size;
  j["max_position_embeddings"] = c.max_seq_len;
  j["max_window_layers"] = c.n_layer;
  j["model_type"] = type;
  j["num_attention_heads"] = c.n_head;
  j["num_hidden_layers"] = c.n_layer;
  j["num_key_value_heads"] = c.n_kv_head;
  j["rms_norm_eps"] = c.norm_eps;
  j["rope_theta"] = number(c.rope_base);
  j["sliding_window"] = nullptr;
  j["tie_word_embeddings"] = c.tie_word_embeddings;
  if (c.dtype) j["torch_dtype"] = torch_name_of(*c.dtype);
  j["use_cache"] = true;
  j["use_sliding_window"] = false;
  j["vocab_size"] = c.vocab_size;
  return j;
}

}  // namespace

std::string huggingface_config(const QwenConfig& config, Naming naming) {
  const QwenConfig c = config.resolved();
  return (naming == Naming::qwen ? qwen1_json(c) : llama_json(c)).dump(2) + "\n";
}

}  // namespace genesis::models
