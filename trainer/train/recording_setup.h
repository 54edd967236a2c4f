#pragma once
#include "models/qwen/model.h"
#include "parallel/mesh.h"
#include "trainer/config/train_config.h"

namespace genesis::trainer {

/// Whether the products of one block, forward and backward of a full micro-batch of `rows` rows, take a card
/// less time than kHostSecondsOfBlock: only then does the card wait for the host.
bool recordings_pay(const models::QwenConfig& model, const TrainConfig& config, int64_t rows);

/// What giving away a block's kernels, 30 in both directions, may take the host: 0.04 to 0.07 ms of Genesis's
/// own work (bench/host_step, docs/gpu.md) and, assumed, 5 us of a driver's work a kernel, with a third to
/// spare.
inline constexpr double kHostSecondsOfBlock = 300e-6;

/// Lets the blocks of a model on a card be recorded, as `cuda_graphs` asks. Where it asks for what cannot be,
/// one line says why.
void set_recordings(models::QwenModel& model, const TrainConfig& config, const parallel::Mesh& ranks,
                    int64_t rows);

}  // namespace genesis::trainer
