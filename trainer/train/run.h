#pragma once
#include "parallel/communicator.h"
#include "trainer/config/train_config.h"
#include "trainer/metrics/run_summary.h"

namespace genesis::trainer {

/// A whole training run: load, resume, steps with logging, evaluation and checkpoints, a final save and
/// summary.json.
///   Every rank calls it with the same config; only rank 0 prints and writes.
/// Errors: ConfigError, DataError, CheckpointError, NumericsError, DiskError, each before anything saved is
/// lost.
RunSummary run_training(const TrainConfig& config, int threads, parallel::Communicator& ranks);

}  // namespace genesis::trainer
