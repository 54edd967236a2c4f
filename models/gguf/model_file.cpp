#include "models/gguf/model_file.h"

#include <unordered_map>

#include "data/tokenizer/byte_alphabet.h"
#include "data/tokenizer/huggingface_vocabulary.h"
#include "models/gguf/writer.h"
#include "models/names/checkpoint_layout.h"

namespace genesis::models {
namespace {

constexpr std::string_view architecture(QwenFamily family) {
  return family == QwenFamily::qwen1 ? "qwen" : family == QwenFamily::qwen15 ? "qwen2" : "qwen3";
}

/// llama.cpp's name of a tensor of checkpoint_layout().
std::string gguf_name(const std::string& name) {
  static const std::unordered_map<std::string_view, std::string_view> whole{
      {"transformer.wte", "token_embd"},
      {"model.embed_tokens", "token_embd"},
      {"transformer.ln_f", "output_norm"},
      {"model.norm", "output_norm"},
      {"lm_head", "output"}};
  static const std::unordered_map<std::string_view, std::string_view> in_block{
      {"ln_1", "attn_norm"},
      {"attn.c_attn", "attn_qkv"},
      {"attn.c_proj", "attn_output"},
      {"ln_2", "ffn_norm"},
      {"mlp.w2", "ffn_gate"},
      {"mlp.w1", "ffn_up"},
      {"mlp.c_proj", "ffn_down"},
      {"input_layernorm", "attn_norm"},
      {"self_attn.q_proj", "attn_q"},
      {"self_attn.k_proj", "attn_k"},
      {"self_attn.v_proj", "attn_v"},
      {"self_attn.o_proj", "attn_output"},
      {"self_attn.q_norm", "attn_q_norm"},
      {"self_attn.k_norm", "attn_k_norm"},
      {"post_attention_layernorm", "ffn_norm"},
      {"mlp.gate_proj", "ffn_gate"},
      {"mlp.up_proj", "ffn_up"},
      {"mlp.down_proj", "ffn_down"}};
  const size_t dot = name.rfind('.');
  std::string_view stem = std::string_view(name).substr(0, dot);
  const std::string_view end = std::string_view(name).substr(dot);  // .weight or .bias
  if (const auto found = whole.find(stem); found != whole.end())
    return fmt::format("{}{}", found->second, end);
  for (const std::string_view prefix : {"transformer.h.", "model.layers."})
    if (stem.starts_with(prefix)) stem.remove_prefix(prefix.size());
  const size_t after_number = stem.find('.');
  const auto found = in_block.find(stem.substr(after_number + 1));
  GENESIS_INVARIANT(after_number != stem.npos && found != in_block.end(), "no GGUF name for ", name);
  return fmt::format("blk.{}.{}{}", stem.substr(0, after_number), found->second, end);
}

void add_shape(GgufKeys& keys, const QwenConfig& c) {
  const std::string arch(architecture(c.family)), attention = arch + ".attention.";
  keys.add(arch + ".context_length", uint32_t(c.max_seq_len));
  keys.add(arch + ".embedding_length", uint32_t(c.n_embd));
  keys.add(arch + ".block_count", uint32_t(c.n_layer));
  keys.add(arch + ".feed_forward_length",
           uint32_t(c.intermediate_size * (c.family == QwenFamily::qwen1 ? 2 : 1)));
  keys.add(attention + "head_count", uint32_t(c.n_head));
  keys.add(attention + "head_count_kv", uint32_t(c.n_kv_head));
  keys.add(attention + "layer_norm_rms_epsilon", float(c.norm_eps));
  keys.add(arch + ".rope.dimension_count", uint32_t(c.head_dim));
  keys.add(arch + ".rope.freq_base", float(c.rope_base));
  if (c.family != QwenFamily::qwen3) return;
  keys.add(attention + "key_length", uint32_t(c.head_dim));
  keys.add(attention + "value_length", uint32_t(c.head_dim));
}

void add_tokenizer(GgufKeys& keys, const data::Tokenizer& tokenizer, int64_t rows) {
  constexpr int32_t kNormal = 1, kControl = 3, kUserDefined = 4, kUnused = 5;
  const auto& vocabulary = tokenizer.vocabulary();
  std::vector<std::string> tokens, merges;
  std::vector<int32_t> types;
  for (int32_t id = 0; id < rows; ++id) {
    const bool ordinary = id < vocabulary.size(), known = id < tokenizer.vocab_size();
    tokens.push_back(ordinary ? data::to_byte_alphabet(vocabulary.bytes(id))
                     : known  ? std::string(tokenizer.token_bytes(id))
                              : fmt::format("[PAD{}]", id));
    types.push_back(ordinary                   ? kNormal
                    : !known                   ? kUnused
                    : tokenizer.is_special(id) ? kControl
                                               : kUserDefined);
  }
  for (const auto& [left, right] : data::merges_of(vocabulary))
    merges.push_back(data::to_byte_alphabet(vocabulary.bytes(left)) + ' ' +
                     data::to_byte_alphabet(vocabulary.bytes(right)));
  keys.add("tokenizer.ggml.model", std::string_view("gpt2"));
  keys.add("tokenizer.ggml.pre", std::string_view("qwen2"));
  keys.add("tokenizer.ggml.tokens", tokens);
  keys.add("tokenizer.ggml.token_type", types);
  keys.add("tokenizer.ggml.merges", merges);
  keys.add("tokenizer.ggml.eos_token_id", uint32_t(tokenizer.im_end_id()));
  keys.add("tokenizer.ggml.padding_token_id", uint32_t(tokenizer.eod_id()));
  keys.add("tokenizer.ggml.add_bos_token", false);
}

}  // namespace

int64_t write_gguf_model(const std::filesystem::path& path, const nn::Module& model, const QwenConfig& config,
                         const data::Tokenizer& tokenizer, const GgufOptions& options) {
  const QwenConfig c = config.resolved();
  if (c.bias) throw ConfigError("GGUF has no place for biases of the output projection and the MLP");
  GgufKeys keys;
  keys.add("general.architecture", architecture(c.family));
  keys.add("general.name", std::string_view(options.name));
  keys.add("general.file_type", uint32_t(options.dtype == DType::f32   ? 0
                                         : options.dtype == DType::f16 ? 1
                                                                       : 32));
  add_shape(keys, c);
  add_tokenizer(keys, tokenizer, c.vocab_size);
  if (!options.chat_template.empty())
    keys.add("tokenizer.chat_template", std::string_view(options.chat_template));

  std::unordered_map<std::string, Array> parameters;
  for (const auto& [name, tensor] : model.named_parameters()) parameters.emplace(name, tensor.value());
  std::vector<GgufTensor> tensors;
  for (const auto& t : checkpoint_layout(c, naming_of(c))) {
    const Array values = parameters.at(t.parameter).slice(0, t.row_begin, t.row_end);
    tensors.push_back({gguf_name(t.name), t.shape, t.shape.size() == 1 ? DType::f32 : options.dtype,
                       [values] { return values; }});
  }
  return write_gguf(path, keys, tensors);
}

}  // namespace genesis::models
