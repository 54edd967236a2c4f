#pragma once
#include "autograd/optim/adamw.h"
#include "parallel/data_parallel.h"
#include "trainer/config/train_config.h"

namespace genesis::trainer {

/// What a config says about the update and about the sums of gradients.
optim::AdamWOptions adamw_options(const TrainConfig& config);
parallel::DataParallelOptions data_parallel_options(const TrainConfig& config);

}  // namespace genesis::trainer
