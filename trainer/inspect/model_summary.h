#pragma once
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "kernels/core/shape.h"
#include "models/config/huggingface.h"
#include "models/config/qwen_config.h"

namespace genesis::trainer {

/// A tensor as a checkpoint names it.
struct TensorSummary {
  std::string name;
  Shape shape;
  std::string dtype;  ///< as stored ("BF16"); empty where there are no weights
};

/// What there is to say about a model without holding it in memory.
struct ModelSummary {
  std::filesystem::path path;  ///< the folder or file that was read
  models::QwenConfig config;   ///< resolved
  models::Naming naming = models::Naming::qwen;
  int64_t parameters = 0;
  int64_t files = 0;                      ///< safetensors files; 0: only a config
  int64_t bytes = 0;                      ///< of the stored tensors
  std::map<std::string, int64_t> dtypes;  ///< stored tensors by dtype
  std::vector<TensorSummary> tensors;     ///< in the checkpoint's names and order
  std::string tokenizer;                  ///< what kind and how many ids; empty: none beside the model
};

/// Reads a model folder (or a run's output folder), a config.json or a model YAML; of safetensors the headers
/// alone, which are checked against the config.
/// Errors: ConfigError naming file, line and key; CheckpointError listing the tensors that are missing,
/// unexpected or of another shape; DataError of the tokenizer's files.
ModelSummary summarise_model(const std::filesystem::path& path);

/// A page for people; `all_tensors` adds a line for every tensor.
std::string summary_text(const ModelSummary& summary, bool all_tensors);
/// One JSON object on a line, every tensor in it.
std::string summary_json(const ModelSummary& summary);

}  // namespace genesis::trainer
