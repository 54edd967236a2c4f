#pragma once
#include <string>
#include <string_view>

#include "models/config/qwen_config.h"

namespace genesis::models {

/// How a checkpoint spells its tensors and its config.
enum class Naming {
  qwen,   ///< transformer.h.N.attn.c_attn …, model_type "qwen"
  llama,  ///< model.layers.N.self_attn.q_proj …, model_type "qwen2" or "qwen3"
};

/// The naming a family's released checkpoints have.
Naming naming_of(QwenFamily family);
/// The naming a model is saved in: its family's; llama for one that is Qwen-1 but for switches that those
/// names have no place for.
Naming naming_of(const QwenConfig& config);

/// As QwenConfig::from_json, of a text; `file` stands in messages.
QwenConfig parse_huggingface_config(std::string_view text, const std::string& file);

/// config.json for a checkpoint in `naming`.
///   A Qwen-1 model in `llama` naming becomes model_type "qwen2": the same weights and logits up to
///   seq_length; dynamic NTK and logn have no key there and are lost.
///   A model with an experimental_reason is written in `llama` naming as model_type "genesis_qwen", which
///   parse_huggingface_config reads and nobody else mistakes for a model of theirs.
/// Errors: ConfigError when the family's code cannot compute this model (say, KV heads in `qwen` naming).
std::string huggingface_config(const QwenConfig& config, Naming naming);

}  // namespace genesis::models
