#pragma once
#include <string>
#include <vector>

#include "autograd/nn/module.h"
#include "autograd/optim/adamw.h"
#include "models/config/huggingface.h"
#include "models/config/qwen_config.h"
#include "trainer/checkpoint/box.h"
#include "trainer/checkpoint/held_values.h"

namespace genesis::trainer {

/// A part of a global tensor in this rank's memory.
struct HeldPart {
  Box box;            ///< in the global tensor
  HeldValues values;  ///< shape box.extent; a view, so writing to it changes the run
  bool owned = true;  ///< false: a replica inside a tensor-parallel group, which another rank saves
};

/// A global tensor and the parts of it that this rank holds, possibly none.
struct HeldTensor {
  std::string name;  ///< as in ManifestTensor
  DType dtype = DType::f32;
  Shape shape;
  bool weight =
      true;  ///< stored whole, for programs that read model folders; a moment may be stored in slices
  std::vector<HeldPart> parts;
};

/// Every tensor a checkpoint has, in the same order on every rank: weights under the makers' names, then
/// exp_avg and exp_avg_sq of each. Whatever splits the run (tensor parallelism, a sharded optimizer, fused
/// q|k|v) ends here: beyond, there are only boxes of global tensors.
std::vector<HeldTensor> held_state(const nn::Module& model, const optim::AdamW& optimizer,
                                   const models::QwenConfig& config, models::Naming naming);

/// Tells everyone who keeps something derived from the held values that they were written to.
void held_state_changed(const nn::Module& model, optim::AdamW& optimizer);

}  // namespace genesis::trainer
