#include <yaml-cpp/yaml.h>

#include <fstream>
#include <iterator>

#include "kernels/core/error.h"
#include "models/config/huggingface.h"
#include "models/config/model_keys.h"
#include "models/config/model_type.h"
#include "models/config/yaml_check.h"

namespace genesis::models {
namespace {

constexpr size_t kMaxBytes = 1 << 20;  // a config of 25 keys: anything longer is another file

std::string read_config_file(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in || std::filesystem::is_directory(path)) throw ConfigError("{}: cannot be opened", path.string());
  std::string text(kMaxBytes + 1, '\0');
  in.read(text.data(), std::streamsize(text.size()));
  text.resize(size_t(in.gcount()));
  if (text.size() > kMaxBytes)
    throw ConfigError("{}: longer than {} bytes, not a model config", path.string(), kMaxBytes);
  return text;
}

}  // namespace

QwenConfig parse_yaml_config(const std::string& text, const std::string& file) {
  check_yaml(text, file);
  std::vector<ModelValue> values;
  try {
    const YAML::Node root = YAML::Load(text);
    if (!root.IsMap()) throw ConfigError("{}: must be a map of model keys", file);
    for (const auto& entry : root) {
      const std::string where = fmt::format("{}:{}", file, entry.first.Mark().line + 1);
      if (!entry.first.IsScalar()) throw ConfigError("{}: a key must be a word", where);
      const auto key = entry.first.as<std::string>();
      if (entry.second.IsNull()) continue;
      if (!entry.second.IsScalar()) throw ConfigError("{}: key '{}' must be a single value", where, key);
      values.push_back({key, entry.second.as<std::string>(), where});
    }
  } catch (const YAML::Exception& e) {
    throw ConfigError("{}:{}: not valid YAML: {}", file, e.mark.line + 1, e.msg);
  }
  return config_from_keys(values, file);
}

std::string yaml_config(const QwenConfig& config) {
  const QwenConfig c = config.resolved();
  std::string out;
  const auto add = [&](std::string_view key, const auto& value) {
    out += fmt::format("{}: {}\n", key, value);
  };
  add("model_type", model_type_of(c.family));
  add("vocab_size", c.vocab_size);
  add("hidden_size", c.n_embd);
  add("num_hidden_layers", c.n_layer);
  add("num_attention_heads", c.n_head);
  add("num_key_value_heads", c.n_kv_head);
  add("head_dim", c.head_dim);
  add("hidden_dim", c.intermediate_size);
  add("max_position_embeddings", c.max_seq_len);
  add("seq_length", c.seq_length);
  add("rope_theta", c.rope_base);
  add("rope_interleaved", c.rope_interleaved);
  add("rms_norm_eps", c.norm_eps);
  add("tie_word_embeddings", c.tie_word_embeddings);
  add("qkv_bias", *c.qkv_bias);
  add("use_qk_norm", *c.qk_norm);
  add("bias", c.bias);
  add("use_dynamic_ntk", c.use_dynamic_ntk);
  add("use_logn_attn", c.use_logn_attn);
  add("emb_dropout_prob", c.dropout);
  add("attn_dropout_prob", c.attention_dropout);
  add("initializer_range", c.initializer_range);
  if (c.dtype) add("torch_dtype", torch_name_of(*c.dtype));
  return out;
}

QwenConfig QwenConfig::from_json(const std::filesystem::path& path) {
  const auto file = std::filesystem::is_directory(path) ? path / "config.json" : path;
  return parse_huggingface_config(read_config_file(file), file.string());
}

QwenConfig QwenConfig::from_yaml(const std::filesystem::path& path) {
  return parse_yaml_config(read_config_file(path), path.string());
}

}  // namespace genesis::models
