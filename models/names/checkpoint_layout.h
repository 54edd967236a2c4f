#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "models/config/huggingface.h"
#include "models/names/parameter_layout.h"
#include "models/safetensors/folder.h"

namespace genesis::models {

/// A tensor of a checkpoint and the rows of the parameter that hold it.
struct CheckpointTensor {
  std::string name;  ///< in the checkpoint
  Shape shape;
  std::string parameter;  ///< see parameter_layout
  int64_t row_begin = 0;  ///< rows [row_begin, row_end) of the parameter's first dimension
  int64_t row_end = 0;
};

/// Every tensor of a released checkpoint, in the order those files have them. The rows tile each parameter
/// exactly.
///   naming qwen:  transformer.h.N.attn.c_attn (all of qkv), mlp.w2 (the branch inside SiLU), mlp.w1
///   naming llama: model.layers.N.self_attn.{q,k,v}_proj (rows of qkv), mlp.gate_proj (inside SiLU),
///   mlp.up_proj
/// No row is permuted: all families rotate halves.
std::vector<CheckpointTensor> checkpoint_layout(const QwenConfig& config, Naming naming);

/// The naming a folder of weights uses, by its embedding's name.
/// Errors: CheckpointError when it has neither; also for GPTQ and AWQ weights (qweight, qzeros, scales,
/// g_idx).
Naming naming_of(const CheckpointFolder& folder);

/// True for buffers that some dumps contain and that hold nothing learned: inv_freq, masked_bias,
/// logn_tensor; and for the head of a tied model.
bool is_ignored_tensor(std::string_view name, const QwenConfig& config);

/// The layout of a folder, checked against it. Errors: one CheckpointError that lists every tensor that is
/// missing, unexpected or of another shape (the first 20 of each).
std::vector<CheckpointTensor> match_checkpoint(const CheckpointFolder& folder, const QwenConfig& config);

}  // namespace genesis::models
