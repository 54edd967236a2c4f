#pragma once
#include <memory>
#include <optional>
#include <string>

#include "data/dataset/sft_dataset.h"
#include "data/packing/sample_rows.h"
#include "data/sampler/length_groups.h"
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
  std::unique_ptr<data::LengthGroups> groups;  ///< group_by_length: over `order` and `rows`
};

/// The training and evaluation samples, tokenised: out of prepared shards, or out of the cache, where one
/// rank makes them and the others wait (data/shards/prepare.h). Says what they hold and what the audit finds.
///   ranks: data-parallel ranks, for the size of a step.
/// Errors: ConfigError naming the key for a file that is absent; DataError naming file:line:column, or the
/// findings
///   under audit: strict.
std::unique_ptr<TrainingData> load_data(const TrainConfig& config, const data::Tokenizer& tokenizer,
                                        int ranks = 1);

/// How the config makes samples of records.
data::SftOptions sft_options(const TrainConfig& config);

/// Where tokenised datasets are kept: dataset_cache_dir, or dataset_cache in output_dir.
std::filesystem::path cache_folder(const TrainConfig& config);

/// The number of optimizer steps a run makes: max_steps, or as many as num_train_epochs needs.
int64_t total_steps(const TrainConfig& config, int64_t rows, int64_t global_batch);

/// Warm-up steps: warmup_steps, or warmup_ratio of all steps rounded up.
int64_t warmup_steps(const TrainConfig& config, int64_t steps);

}  // namespace genesis::trainer
