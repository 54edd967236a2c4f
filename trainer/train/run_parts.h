#pragma once
#include <memory>

#include "autograd/optim/schedule.h"
#include "data/batch/batch_loader.h"
#include "data/sampler/step_plan.h"
#include "parallel/mesh.h"
#include "parallel/zero/sharded_optimizer.h"
#include "trainer/checkpoint/checkpoint_parts.h"
#include "trainer/control/run_control.h"
#include "trainer/metrics/counted_traffic.h"
#include "trainer/train/data_setup.h"
#include "trainer/train/model_setup.h"
#include "trainer/train/train_step.h"

namespace genesis::trainer {

/// Everything a run is made of, set up in the order of the members: the config must outlive it. Collective.
/// Errors: ConfigError, DataError, CheckpointError naming what does not fit.
struct RunParts {
  RunParts(const TrainConfig& config, int threads, parallel::Communicator& ranks);

  /// What a checkpoint keeps, beside the state of the run.
  CheckpointParts checkpoint_parts();
  /// The digests of data and weights agree on every rank, or the one that differs is named; then every
  /// replica begins with the same weights. Collective.
  void agree();
  /// One line: model, steps, how the batch is divided.
  void announce() const;
  double evaluate();

  const TrainConfig& config;
  int threads;
  parallel::Communicator& ranks;
  RunControl control;
  Device device;
  PrecisionPlan precision;
  ModelSource source;
  parallel::Mesh mesh;
  data::Tokenizer tokenizer;
  std::unique_ptr<TrainingData> data;
  BatchPlan batch;
  std::unique_ptr<models::QwenModel> model;
  parallel::DataParallel gradients;
  parallel::ShardedOptimizer optimizer;
  TrainStep step;
  data::StepPlan plan;
  data::BatchLoader batches;
  TalkingGroups groups;  ///< whose bytes are counted
  optim::LrSchedule schedule;
};

}  // namespace genesis::trainer
