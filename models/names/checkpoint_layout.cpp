#include "models/names/checkpoint_layout.h"

#include <unordered_set>

#include "kernels/core/error.h"

namespace genesis::models {
namespace {

/// Collects tensors; `rows` is the extent of the first dimension.
class Layout {
 public:
  /// The whole parameter.
  void whole(std::string name, Shape shape, std::string parameter) {
    const int64_t rows = shape[0];
    tensors.push_back({std::move(name), std::move(shape), std::move(parameter), 0, rows});
  }
  /// Rows of a parameter that several tensors share, one after the other.
  void part(std::string name, Shape shape, const std::string& parameter, int64_t row_begin) {
    const int64_t rows = shape[0];
    tensors.push_back({std::move(name), std::move(shape), parameter, row_begin, row_begin + rows});
  }

  std::vector<CheckpointTensor> tensors;
};

void add_qwen_layer(Layout& out, const QwenConfig& c, int64_t n) {
  const int64_t h = c.n_embd, f = c.intermediate_size, q = c.n_head * c.head_dim;
  const std::string from = fmt::format("transformer.h.{}.", n), to = fmt::format("layers.{}.", n);
  const std::string gate_up = to + "mlp.gate_up.";
  out.whole(from + "ln_1.weight", {h}, to + "input_norm.weight");
  out.whole(from + "attn.c_attn.weight", {3 * q, h}, to + "attention.qkv.weight");
  out.whole(from + "attn.c_attn.bias", {3 * q}, to + "attention.qkv.bias");
  out.whole(from + "attn.c_proj.weight", {h, q}, to + "attention.out.weight");
  if (c.bias) out.whole(from + "attn.c_proj.bias", {h}, to + "attention.out.bias");
  out.whole(from + "ln_2.weight", {h}, to + "post_norm.weight");
  out.part(from + "mlp.w1.weight", {f, h}, gate_up + "weight", f);
  if (c.bias) out.part(from + "mlp.w1.bias", {f}, gate_up + "bias", f);
  out.part(from + "mlp.w2.weight", {f, h}, gate_up + "weight", 0);
  if (c.bias) out.part(from + "mlp.w2.bias", {f}, gate_up + "bias", 0);
  out.whole(from + "mlp.c_proj.weight", {h, f}, to + "mlp.down.weight");
  if (c.bias) out.whole(from + "mlp.c_proj.bias", {h}, to + "mlp.down.bias");
}

void add_llama_layer(Layout& out, const QwenConfig& c, int64_t n) {
  const int64_t h = c.n_embd, f = c.intermediate_size, d = c.head_dim, q = c.n_head * d, kv = c.n_kv_head * d;
  const std::string from = fmt::format("model.layers.{}.", n), attention = from + "self_attn.",
                    to = fmt::format("layers.{}.", n);
  const std::string qkv = to + "attention.qkv.";
  out.whole(from + "input_layernorm.weight", {h}, to + "input_norm.weight");
  int64_t row = 0;
  for (const auto& [name, rows] :
       {std::pair("q_proj", q), std::pair("k_proj", kv), std::pair("v_proj", kv)}) {
    out.part(attention + name + ".weight", {rows, h}, qkv + "weight", row);
    if (*c.qkv_bias) out.part(attention + name + ".bias", {rows}, qkv + "bias", row);
    row += rows;
  }
  if (*c.qk_norm) {
    out.whole(attention + "q_norm.weight", {d}, to + "attention.q_norm.weight");
    out.whole(attention + "k_norm.weight", {d}, to + "attention.k_norm.weight");
  }
  out.whole(attention + "o_proj.weight", {h, q}, to + "attention.out.weight");
  if (c.bias) out.whole(attention + "o_proj.bias", {h}, to + "attention.out.bias");
  out.whole(from + "post_attention_layernorm.weight", {h}, to + "post_norm.weight");
  row = 0;
  for (const char* name : {"gate_proj", "up_proj"}) {
    out.part(from + "mlp." + name + ".weight", {f, h}, to + "mlp.gate_up.weight", row);
    if (c.bias) out.part(from + "mlp." + name + ".bias", {f}, to + "mlp.gate_up.bias", row);
    row += f;
  }
  out.whole(from + "mlp.down_proj.weight", {h, f}, to + "mlp.down.weight");
  if (c.bias) out.whole(from + "mlp.down_proj.bias", {h}, to + "mlp.down.bias");
}

/// The names, or the first 20 of them and a count.
std::string list_of(const std::vector<std::string>& names) {
  constexpr size_t kMost = 20;
  std::string out;
  for (size_t i = 0; i < names.size() && i < kMost; ++i) out += (i ? ", " : "") + names[i];
  if (names.size() > kMost) out += fmt::format(" and {} more", names.size() - kMost);
  return out;
}

bool is_quantised(std::string_view name) {
  for (const char* end : {".qweight", ".qzeros", ".scales", ".g_idx"}) {
    if (name.ends_with(end)) return true;
  }
  return false;
}

}  // namespace

std::vector<CheckpointTensor> checkpoint_layout(const QwenConfig& config, Naming naming) {
  const QwenConfig c = config.resolved();
  const bool qwen = naming == Naming::qwen;
  if (qwen && (c.n_kv_head != c.n_head || !*c.qkv_bias || *c.qk_norm)) {
    throw ConfigError("a model with n_kv_head {} of {} heads, qkv_bias {} and qk_norm {} has no Qwen-1 names",
                      c.n_kv_head, c.n_head, *c.qkv_bias, *c.qk_norm);
  }
  Layout out;
  out.whole(qwen ? "transformer.wte.weight" : "model.embed_tokens.weight", {c.vocab_size, c.n_embd},
            "embed.weight");
  for (int64_t n = 0; n < c.n_layer; ++n) (qwen ? add_qwen_layer : add_llama_layer)(out, c, n);
  out.whole(qwen ? "transformer.ln_f.weight" : "model.norm.weight", {c.n_embd}, "final_norm.weight");
  if (!c.tie_word_embeddings) out.whole("lm_head.weight", {c.vocab_size, c.n_embd}, "head.weight");
  return std::move(out.tensors);
}

Naming naming_of(const CheckpointFolder& folder) {
  for (const auto& name : folder.names()) {
    if (is_quantised(name)) {
      throw CheckpointError(
          "{}: '{}' belongs to a quantised checkpoint (GPTQ or AWQ), which cannot be trained; use the "
          "original",
          folder.path().string(), name);
    }
  }
  if (folder.contains("transformer.wte.weight")) return Naming::qwen;
  if (folder.contains("model.embed_tokens.weight")) return Naming::llama;
  throw CheckpointError(
      "{}: neither 'transformer.wte.weight' (Qwen-1) nor 'model.embed_tokens.weight' (Qwen1.5, Qwen3) is "
      "there",
      folder.path().string());
}

bool is_ignored_tensor(std::string_view name, const QwenConfig& config) {
  for (const char* end : {"rotary_emb.inv_freq", "attn.masked_bias", "attn.logn_tensor"}) {
    if (name.ends_with(end)) return true;
  }
  return config.tie_word_embeddings && name == "lm_head.weight";
}

std::vector<CheckpointTensor> match_checkpoint(const CheckpointFolder& folder, const QwenConfig& config) {
  auto layout = checkpoint_layout(config, naming_of(folder));
  std::vector<std::string> missing, other_shape, unexpected;
  std::unordered_set<std::string_view> wanted;
  for (const auto& t : layout) {
    wanted.insert(t.name);
    if (!folder.contains(t.name)) {
      missing.push_back(t.name);
    } else if (const Shape& shape = folder.at(t.name).shape; shape != t.shape) {
      other_shape.push_back(
          fmt::format("{} is {}, the config says {}", t.name, to_string(shape), to_string(t.shape)));
    }
  }
  for (const auto& name : folder.names()) {
    if (!wanted.contains(name) && !is_ignored_tensor(name, config)) unexpected.push_back(name);
  }
  std::string message;
  const auto add = [&](std::string_view what, const std::vector<std::string>& names) {
    if (!names.empty()) message += fmt::format("; {} {}: {}", names.size(), what, list_of(names));
  };
  add("missing", missing);
  add("of another shape", other_shape);
  add("unexpected", unexpected);
  if (!message.empty())
    throw CheckpointError("{}: the weights do not fit the config{}", folder.path().string(), message);
  return layout;
}

}  // namespace genesis::models
