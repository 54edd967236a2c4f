#pragma once
#include <filesystem>

#include "autograd/nn/module.h"
#include "models/config/huggingface.h"
#include "models/safetensors/checkpoint_writer.h"
#include "parallel/tensor_parallel.h"

namespace genesis::models {

/// Fills the parameters of a QwenModel from a folder (or file) of safetensors, in Qwen-1's or Qwen1.5's
/// names, converted to each parameter's dtype. Nothing is changed unless every tensor is there in the right
/// shape. A rank that shares the model reads its own slices (checkpoint_slices). Errors: CheckpointError
/// naming file and tensors (match_checkpoint).
void load_weights(const nn::Module& model, const QwenConfig& config, const std::filesystem::path& path,
                  const parallel::TensorSplit& split = {});

struct SaveOptions {
  Naming naming = Naming::qwen;
  DType dtype = DType::f32;  ///< of the stored weights
  int64_t max_shard_bytes = CheckpointWriter::kMaxShardBytes;
};

/// Writes the parameters and config.json as a model folder that load_weights and Hugging Face's code read.
///   Weights first, config.json last; each file appears complete or not at all.
///   Ranks that share the model put each matrix together; rank 0 of the group writes the same folder an
///   unsplit model of these values would. Collective over the group.
/// Errors: ConfigError when the naming cannot express the model; DiskError, on every rank of the group.
void save_weights(const nn::Module& model, const QwenConfig& config, const std::filesystem::path& folder,
                  const SaveOptions& options, const parallel::TensorParallel& tp = {});

}  // namespace genesis::models
