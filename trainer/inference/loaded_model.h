#pragma once
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "data/chat/chat_format.h"
#include "data/tokenizer/tokenizer.h"
#include "models/generation/generation_config.h"
#include "models/qwen/model.h"

namespace genesis::trainer {

/// How a model is opened for inference; what is absent follows from its folder.
struct OpenOptions {
  std::filesystem::path path;                      ///< see model_folder
  std::optional<std::filesystem::path> tokenizer;  ///< file or folder; absent: the model's own
  std::optional<std::string> chat_template;        ///< see chat_template_of
  std::optional<DType> dtype;   ///< of weights and arithmetic; absent: bf16 for weights stored so, else f32
  Device device = Device::cpu;  ///< where the weights are put
  parallel::TensorParallel tp = {};  ///< the ranks that share the model
};

/// A model that can be talked to.
struct LoadedModel {
  std::filesystem::path folder;
  std::unique_ptr<models::QwenModel> model;
  data::Tokenizer tokenizer;
  data::ChatFormat chat;
  models::GenerationConfig generation;  ///< of generation_config.json, where the folder has one

  /// Longest text in tokens, prompt and answer together.
  int64_t context() const { return model->config().max_seq_len; }
};

/// Opens weights, tokenizer and settings; the model is in eval() mode.
/// Errors: ConfigError naming path or key (also when the vocabulary does not fit the embedding, with both
/// sizes); DataError of the tokenizer's files; CheckpointError naming file and tensor.
LoadedModel open_model(const OpenOptions& options);

/// The dtype a model's weights are stored in: that of its embedding's tensor, whatever config.json says
/// (those of Qwen-1 say nothing). Errors: as models::CheckpointFolder::open.
DType stored_dtype(const std::filesystem::path& folder);

/// The tokenizer at `path` (file or folder), checked against a model of `vocab_size` embedding rows.
/// Errors: DataError of the files; ConfigError naming file, token, id and rows when the chat's special tokens
/// lie outside the embedding.
data::Tokenizer fitting_tokenizer(const std::filesystem::path& path, int64_t vocab_size);

/// The chat template of a model: the one named (data::chat_template), else the folder's own
/// (data::read_chat_template), else the family's.
data::ChatTemplate chat_template_of(const std::filesystem::path& folder, models::QwenFamily family,
                                    const std::optional<std::string>& name);

/// The chat template a family's models were trained with: qwen, qwen1.5, qwen3.
std::string template_of(models::QwenFamily family);

}  // namespace genesis::trainer
