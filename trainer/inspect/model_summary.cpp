#include "trainer/inspect/model_summary.h"

#include <nlohmann/json.hpp>

#include "data/tokenizer/tokenizer.h"
#include "models/config/model_type.h"
#include "models/names/checkpoint_layout.h"
#include "trainer/inference/model_folder.h"
#include "trainer/inference/new_model.h"

namespace genesis::trainer {
namespace {

namespace fs = std::filesystem;

bool holds_weights(const fs::path& folder) {
  return fs::exists(folder / "model.safetensors") || fs::exists(folder / "model.safetensors.index.json");
}

void read_weights(ModelSummary& s) {
  const auto weights = models::CheckpointFolder::open(s.path);
  s.naming = models::naming_of(weights);
  s.files = int64_t(weights.files().size());
  for (const auto& t : models::match_checkpoint(weights, s.config)) {
    const auto& stored = weights.at(t.name);
    s.tensors.push_back({t.name, t.shape, std::string(stored.type->name)});
    ++s.dtypes[s.tensors.back().dtype];
    s.bytes += numel_of(t.shape) * stored.type->bits / 8;
  }
}

std::string tokenizer_beside(const fs::path& folder) {
  for (const char* name : {"qwen.tiktoken", "tokenizer.json", "vocab.json"})
    if (fs::exists(folder / name))
      return fmt::format("{}, {} ids", name, data::Tokenizer::from_file(folder / name).vocab_size());
  return {};
}

std::string grouped(int64_t n) {
  std::string digits = std::to_string(n);
  for (int64_t i = int64_t(digits.size()) - 3; i > 0; i -= 3) digits.insert(size_t(i), ",");
  return digits;
}

std::string gigabytes(double bytes) {
  return bytes >= 1e9 ? fmt::format("{:.2f} GB", bytes * 1e-9) : fmt::format("{:.2f} MB", bytes * 1e-6);
}

/// As config.json says it.
std::string_view model_type_written(const models::QwenConfig& c) {
  return models::experimental_reason(c).empty() ? models::model_type_of(c.family) : models::kExperimentalType;
}

std::string switches(const models::QwenConfig& c) {
  std::string text = c.tie_word_embeddings ? "tied head" : "untied head";
  if (*c.qkv_bias) text += ", q/k/v bias";
  if (*c.qk_norm) text += ", q/k norm";
  if (c.bias) text += ", other biases";
  if (c.rope_interleaved) text += ", interleaved rotary";
  if (c.use_dynamic_ntk) text += fmt::format(", dynamic NTK beyond {}", c.seq_length);
  if (c.use_logn_attn) text += fmt::format(", logn beyond {}", c.seq_length);
  return text;
}

}  // namespace

ModelSummary summarise_model(const fs::path& path) {
  ModelSummary s;
  s.path = fs::is_regular_file(path) ? path : model_folder(path);
  s.config = read_model_config(s.path);
  s.naming = models::naming_of(s.config);
  s.parameters = models::parameter_count(s.config);
  if (fs::is_directory(s.path)) s.tokenizer = tokenizer_beside(s.path);
  if (fs::is_directory(s.path) && holds_weights(s.path)) {
    read_weights(s);
  } else {
    for (const auto& t : models::checkpoint_layout(s.config, s.naming))
      s.tensors.push_back({t.name, t.shape, {}});
  }
  return s;
}

std::string summary_text(const ModelSummary& s, bool all_tensors) {
  const auto& c = s.config;
  std::string text = fmt::format("{}\n", s.path.string());
  const auto line = [&](std::string_view name, const std::string& value) {
    text += fmt::format("  {:<12} {}\n", name, value);
  };
  line("family", fmt::format("{} (model_type {})", name_of(c.family), model_type_written(c)));
  line("parameters", grouped(s.parameters));
  line("blocks", fmt::format("{} of width {}, SwiGLU {}", c.n_layer, c.n_embd, c.intermediate_size));
  line("attention",
       fmt::format("{} query heads, {} key/value heads, head_dim {}", c.n_head, c.n_kv_head, c.head_dim));
  line("vocabulary", fmt::format("{} rows", c.vocab_size));
  line("context", fmt::format("{} tokens, rotary base {:g}", c.max_seq_len, c.rope_base));
  line("switches", switches(c));
  line("memory", fmt::format("weights {} in f32, {} in bf16", gigabytes(4.0 * double(s.parameters)),
                             gigabytes(2.0 * double(s.parameters))));
  if (s.files > 0) {
    std::string types;
    for (const auto& [name, count] : s.dtypes)
      types += fmt::format("{}{} {}", types.empty() ? "" : ", ", count, name);
    line("weights",
         fmt::format("{} tensors ({}) in {} {}, {}; every one there in its shape", s.tensors.size(), types,
                     s.files, s.files == 1 ? "file" : "files", gigabytes(double(s.bytes))));
  }
  if (!s.tokenizer.empty()) line("tokenizer", s.tokenizer);
  if (all_tensors)
    for (const auto& t : s.tensors)
      text += fmt::format("  {:<60} {} {}\n", t.name, to_string(t.shape), t.dtype);
  return text;
}

std::string summary_json(const ModelSummary& s) {
  const auto& c = s.config;
  nlohmann::ordered_json j;
  j["path"] = s.path.string();
  j["family"] = name_of(c.family);
  j["parameters"] = s.parameters;
  j["vocab_size"] = c.vocab_size;
  j["hidden_size"] = c.n_embd;
  j["num_hidden_layers"] = c.n_layer;
  j["num_attention_heads"] = c.n_head;
  j["num_key_value_heads"] = c.n_kv_head;
  j["head_dim"] = c.head_dim;
  j["hidden_dim"] = c.intermediate_size;
  j["max_position_embeddings"] = c.max_seq_len;
  j["rope_theta"] = c.rope_base;
  j["tie_word_embeddings"] = c.tie_word_embeddings;
  j["files"] = s.files;
  j["bytes"] = s.bytes;
  j["tensors"] = nlohmann::ordered_json::array();
  for (const auto& t : s.tensors) {
    nlohmann::ordered_json tensor{{"name", t.name}, {"shape", t.shape}};
    if (!t.dtype.empty()) tensor["dtype"] = t.dtype;
    j["tensors"].push_back(std::move(tensor));
  }
  return j.dump() + "\n";
}

}  // namespace genesis::trainer
