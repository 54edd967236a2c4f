#pragma once
#include "models/config/qwen_config.h"
#include "parallel/mesh.h"
#include "parallel/tensor_parallel.h"
#include "trainer/config/train_config.h"

namespace genesis::trainer {

/// The layout tensor_parallel_size and mesh_order ask for, checked against the ranks and the model.
/// Errors: ConfigError naming key and place: a size that does not divide the ranks, heads or widths of the
/// model; an order that does not name every rank once.
parallel::MeshLayout mesh_layout(const TrainConfig& config, const models::QwenConfig& model, int ranks);

/// What tensor_parallel_overlap means where ranks share a model; -1 is what measured best
/// (docs/parallelism.md): `on_one_host`: they reach each other without a network.
parallel::RowOverlap row_overlap(int64_t asked, Device device, bool on_one_host);

/// "2 x 4 (dp x tp), sequence parallel": how the ranks are laid out.
std::string describe(const parallel::Mesh& mesh, bool sequence_parallel);

}  // namespace genesis::trainer
