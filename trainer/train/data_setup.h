#pragma once
#include <memory>
#include <optional>
#include <string>

#include "data/dataset/sft_dataset.h"
#include "data/packing/sample_rows.h"
#include "data/sampler/sample_order.h"
#include "data/sampler/step_plan.h"
#include "data/tokenizer/tokenizer.h"
#include "trainer/config/batch.h"
#include "trainer/config/train_config.h"

namespace genesis::trainer {

/// The samples of a run and the order they come in.
struct TrainingData {
  data::SftDataset train;
  std::optional<data::SftDataset> eval;
  data::SampleRows rows;
  data::SampleOrder order;
};

/// Loads and tokenises the training and evaluation files.
/// Errors: ConfigError naming the key for a file that is absent; DataError naming file:line:column.
std::unique_ptr<TrainingData> load_data(const TrainConfig& config, const data::Tokenizer& tokenizer);

/// The number of optimizer steps a run makes: max_steps, or as many as num_train_epochs needs.
int64_t total_steps(const TrainConfig& config, int64_t rows, int64_t global_batch);

/// Warm-up steps: warmup_steps, or warmup_ratio of all steps rounded up.
int64_t warmup_steps(const TrainConfig& config, int64_t steps);

}  // namespace genesis::trainer
