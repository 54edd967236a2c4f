#pragma once
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "models/config/qwen_config.h"

namespace genesis::models {

/// A model key of a flat YAML file: Hugging Face's name first, then the other names that are accepted.
///   vocab_size                padded_vocab_size
///   num_hidden_layers         n_layer, num_layers
///   num_attention_heads       n_head, num_heads
///   num_key_value_heads       n_kv_head, n_kv_heads, num_kv_heads, num_kv_groups, n_kv_groups
///   hidden_size               n_embd, embedding_dim, emb_dim
///   hidden_dim                ffn_dim: the width F of one SwiGLU branch
///   intermediate_size         ffn_hidden_size: as config.json has it, so 2F beside model_type qwen and F
///   otherwise;
///                             without a model_type it is refused, for nobody could tell which
///   …                         the rest: model_key_names()
struct ModelKey {
  std::string_view name;
  std::vector<std::string_view> aliases;
};

/// Every key, in the order they are written.
const std::vector<ModelKey>& model_keys();

/// The value of one key and where it was written ("file:line").
struct ModelValue {
  std::string key;    ///< as the user spelled it
  std::string value;  ///< scalar text
  std::string where;
};

/// Builds a config from keys under any of their names. vocab_size, layers, heads and width are needed.
/// Errors: ConfigError "where: key 'k' …": unknown, not of its type, out of range, given twice with different
/// values.
QwenConfig config_from_keys(const std::vector<ModelValue>& values, const std::string& file);

/// As QwenConfig::from_yaml, of a text; `file` stands in messages.
QwenConfig parse_yaml_config(const std::string& text, const std::string& file);

/// A YAML text that parse_yaml_config reads back to the same config.
std::string yaml_config(const QwenConfig& config);

}  // namespace genesis::models
