#pragma once
#include <filesystem>
#include <map>

#include "data/tokenizer/tiktoken_file.h"
#include "models/qwen/model.h"
#include "tests/support/tiny_tokenizer.h"

namespace genesis::testing {

/// The shape of a small Qwen-1 model for the tiny tokenizer.
inline models::QwenConfig tiny_config(const data::Tokenizer& tokenizer, int64_t width = 32) {
  return {.vocab_size = (tokenizer.vocab_size() + 7) / 8 * 8,
          .n_layer = 2,
          .n_head = 2,
          .n_embd = width,
          .max_seq_len = 128,
          .dropout = 0,
          .intermediate_size = 16};
}

/// Writes a model folder with the tiny tokenizer. Returns the folder.
inline std::filesystem::path write_model(const std::filesystem::path& folder, const models::QwenModel& model,
                                         const data::Tokenizer& tokenizer) {
  std::filesystem::create_directories(folder);
  model.save(folder);
  data::write_tiktoken(tokenizer.vocabulary(), folder / "qwen.tiktoken");
  return folder;
}

/// A model folder with random weights.
inline std::filesystem::path write_random_model(const std::filesystem::path& folder, uint64_t seed = 1) {
  const auto tokenizer = tiny_tokenizer();
  auto config = tiny_config(tokenizer);
  config.initializer_range = 0.2;
  return write_model(folder, models::QwenModel(config, DType::f32, seed), tokenizer);
}

/// A model folder whose next token follows from the last token alone, so that its answers are known:
///   newline -> 4 -> 2 -> <|im_end|>     every chat answer is "42"
///   z -> z                              a text that never ends
///   any other token -> <|im_end|>
/// Attention and MLP write nothing to the residual stream, the embedding is the unit matrix, the head the
/// table.
inline std::filesystem::path write_bigram_model(const std::filesystem::path& folder) {
  const auto tokenizer = tiny_tokenizer();
  const int64_t v = (tokenizer.vocab_size() + 7) / 8 * 8;
  models::QwenModel model(tiny_config(tokenizer, v));
  std::map<std::string, Array> weights;
  for (const auto& [name, parameter] : model.named_parameters()) weights.emplace(name, parameter.value());
  const auto clear = [&](const std::string& name) {
    const Array& w = weights.at(name);
    std::fill(w.data<float>(), w.data<float>() + w.numel(), 0.0f);
    return w.data<float>();
  };
  for (const char* layer : {"layers.0.", "layers.1."}) {
    clear(std::string(layer) + "attention.out.weight");
    clear(std::string(layer) + "mlp.down.weight");
  }
  float* embed = clear("embed.weight");
  float* head = clear("head.weight");
  const auto token = [&](std::string_view text) { return tokenizer.encode(text).at(0); };
  const std::map<int32_t, int32_t> next{{token("\n"), token("4")},
                                        {token("4"), token("2")},
                                        {token("2"), tokenizer.im_end_id()},
                                        {token("z"), token("z")}};
  for (int64_t t = 0; t < v; ++t) {
    embed[t * v + t] = 1;
    const auto it = next.find(int32_t(t));
    head[(it == next.end() ? tokenizer.im_end_id() : it->second) * v + t] = 1;
  }
  return write_model(folder, model, tokenizer);
}

}  // namespace genesis::testing
