#pragma once
#include "models/config/qwen_config.h"
#include "parallel/mesh.h"
#include "trainer/config/train_config.h"

namespace genesis::trainer {

/// The layout tensor_parallel_size and mesh_order ask for, checked against the ranks and the model.
/// Errors: ConfigError naming key and place: a size that does not divide the ranks, heads or widths of the
/// model; an order that does not name every rank once.
parallel::MeshLayout mesh_layout(const TrainConfig& config, const models::QwenConfig& model, int ranks);

/// "2 x 4 (dp x tp), sequence parallel": how the ranks are laid out.
std::string describe(const parallel::Mesh& mesh, bool sequence_parallel);

}  // namespace genesis::trainer
