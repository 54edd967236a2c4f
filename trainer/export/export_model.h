#pragma once
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "models/config/huggingface.h"
#include "models/safetensors/checkpoint_writer.h"

namespace genesis::trainer {

struct ExportOptions {
  std::filesystem::path checkpoint;  ///< see model_folder
  std::filesystem::path out;
  std::optional<std::filesystem::path> tokenizer;  ///< absent: the checkpoint's own
  std::optional<std::string> chat_template;        ///< absent: the family's
  std::optional<models::Naming> naming;            ///< absent: the family's
  std::optional<DType> dtype;                      ///< of the stored weights; absent: the checkpoint's
  int64_t max_shard_bytes = models::CheckpointWriter::kMaxShardBytes;
};

/// What was written, and how it compares.
struct ExportReport {
  std::filesystem::path source;
  models::Naming naming = models::Naming::qwen;
  DType dtype = DType::f32;
  int64_t parameters = 0;
  int64_t bytes = 0;    ///< of all files
  int64_t files = 0;    ///< safetensors files
  int64_t texts = 0;    ///< sample texts compared
  int64_t logits = 0;   ///< logits compared
  double rounding = 0;  ///< largest change of a logit by storing the weights in `dtype`; 0 for their own
};

/// Errors: ConfigError naming `out` and the switch for a model that only Genesis computes
/// (models::experimental_reason).
void refuse_experimental(const models::QwenConfig& config, const std::filesystem::path& out);

/// Writes a checkpoint as one GGUF file for llama.cpp (models/gguf/model_file.h), which is read back and
/// compared.
///   options.out is the file; dtype f32, bf16 or f16, absent: bf16 for weights stored so, else f16. naming,
///   max_shard_bytes are not used.
/// Errors: as export_model; ConfigError when the file exists.
ExportReport export_gguf(const ExportOptions& options);

/// Writes a checkpoint as a Hugging Face folder: config.json, safetensors, tokenizer files,
/// generation_config.json. Then reads the folder back from the disk and compares, for a fixed set of texts,
/// token ids and logits: they must equal bit for bit those of the source with its weights rounded to `dtype`.
///   The folder appears under its name only when that has succeeded; nothing that existed is changed.
/// Errors: ConfigError when `out` exists and is not empty, or the naming cannot express the model;
///   NumericsError naming the tensor when `dtype` cannot hold a weight; CheckpointError when what was read
///   back differs; DiskError.
ExportReport export_model(const ExportOptions& options);

}  // namespace genesis::trainer
