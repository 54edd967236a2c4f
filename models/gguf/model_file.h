#pragma once
#include <filesystem>
#include <string>

#include "autograd/nn/module.h"
#include "data/tokenizer/tokenizer.h"
#include "models/config/qwen_config.h"

namespace genesis::models {

struct GgufOptions {
  DType dtype = DType::bf16;     ///< of the matrices: f32, f16 or bf16; norms and biases are f32
  std::string name = "genesis";  ///< general.name
  std::string chat_template;     ///< Jinja; empty: none is written
};

/// Writes a model as one GGUF file that llama.cpp loads: architecture qwen (Qwen-1), qwen2 (Qwen1.5, Qwen2)
/// or qwen3, tensors under its names, the tokenizer inside.
///   qwen: feed_forward_length is twice the width, as in Qwen-1's config.json. Rows of the embedding beyond
///   the tokenizer are tokens of type "unused". Returns the number of bytes. Errors: as write_gguf; DataError
///   when the vocabulary cannot be said in merges; ConfigError for a model the architecture cannot compute
///   (biases beside q, k and v).
int64_t write_gguf_model(const std::filesystem::path& path, const nn::Module& model, const QwenConfig& config,
                         const data::Tokenizer& tokenizer, const GgufOptions& options);

}  // namespace genesis::models
