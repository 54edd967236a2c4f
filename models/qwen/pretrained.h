#pragma once
#include <filesystem>
#include <memory>
#include <string_view>

#include "data/tokenizer/tokenizer.h"
#include "models/qwen/model.h"

namespace genesis::models {

/// A model folder in memory:  auto [model, tokenizer, config] = load_qwen1("7B", "chat");
struct Pretrained {
  std::unique_ptr<QwenModel> model;  ///< in eval mode, with the folder's generation settings
  data::Tokenizer tokenizer;
  QwenConfig config;
};

/// Which released model, in the words of its makers.
struct PretrainedChoice {
  std::string_view model_type = "qwen1";  ///< qwen1, qwen1.5 (also qwen2), qwen3
  std::string_view size =
      "7B";  ///< "1.8B", "7B", "14B", "72B" …; qwen1 "32B" is Qwen1.5-32B: Qwen-1 has none
  std::string_view variant = "chat";  ///< base, chat, instruct (the same as chat)
  Device device = Device::cpu;
  DType dtype = DType::bf16;
  std::filesystem::path
      models_folder;  ///< where models lie (find_model_folder); empty: default_model_roots()
};

/// The name its makers gave the model's repository: "Qwen-1_8B-Chat", "Qwen1.5-32B", "Qwen3-8B-Base".
/// Errors: ConfigError naming model_type, size or variant.
std::string repository_name(const PretrainedChoice& choice);

/// Loads weights, tokenizer and config of a local folder. Nothing is fetched from a network.
/// Errors: CheckpointError, ConfigError, DataError naming file and key; for a choice that has no folder, a
/// CheckpointError with the places looked at.
Pretrained load_pretrained_model(const std::filesystem::path& folder, DType dtype = DType::bf16,
                                 Device device = Device::cpu);
Pretrained load_pretrained_model(const PretrainedChoice& choice);
Pretrained load_qwen1(std::string_view size, std::string_view variant = "chat", Device device = Device::cpu);

}  // namespace genesis::models
