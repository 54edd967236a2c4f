#include "trainer/train/data_setup.h"

#include <cmath>

#include "data/shards/row_index.h"
#include "kernels/core/log.h"
#include "trainer/data_audit/findings.h"
#include "trainer/train/chat_setup.h"
#include "trainer/train/tokenised_dataset.h"

namespace genesis::trainer {
namespace {

std::optional<data::RecordFormat> record_format(DatasetFormat format) {
  if (format == DatasetFormat::automatic) return std::nullopt;
  return data::record_format_from(spelling_of(format));
}

data::SampleRows rows_of(const TrainConfig& config, const TokenisedDataset& train) {
  const data::SampleStore& samples = train.samples.samples();
  if (!config.packing) return data::SampleRows::one_each(samples);
  const data::RowIndexName name{config.max_seq_len, uint64_t(config.seed)};
  std::optional<data::SampleRows> kept;
  if (train.plain && config.val_size == 0) kept = data::read_row_index(train.shards->folder(), name, samples);
  data::SampleRows rows =
      kept ? std::move(*kept) : data::SampleRows::packed(samples, name.max_seq_len, name.seed);
  notice("packing: {} samples in {} rows of {} tokens, {:.2f} % full", samples.size(), rows.size(),
         config.max_seq_len, 100 * rows.efficiency(config.max_seq_len));
  return rows;
}

void audit(const TrainConfig& config, const TrainingData& data) {
  if (config.audit == AuditPolicy::off) return;
  log_line("audit: " + audit_line("dataset", data.train.summary()));
  auto findings = findings_of("dataset", data.train.summary());
  if (data.eval) {
    if (!config.eval_dataset.empty())
      for (Finding& f : findings_of("eval_dataset", data.eval->summary())) findings.push_back(std::move(f));
    for (Finding& f : leakage_of(data.train.samples(), data.eval->samples()))
      findings.push_back(std::move(f));
  }
  act_on(config.audit, findings);
}

}  // namespace

data::SftOptions sft_options(const TrainConfig& config) {
  return {.loss_on = config.loss_on,
          .max_seq_len = config.max_seq_len,
          .truncation = config.truncation,
          .format = record_format(config.dataset_format),
          .parse_special = config.parse_special,
          .on_bad_record = config.on_bad_record,
          .max_bad_records = config.max_bad_records};
}

std::filesystem::path cache_folder(const TrainConfig& config) {
  if (!config.dataset_cache_dir.empty()) return config.dataset_cache_dir;
  if (config.output_dir.empty())
    throw ConfigError("{} is missing: tokenised data are kept there, or in dataset_cache_dir",
                      config.about("output_dir"));
  return std::filesystem::path(config.output_dir) / "dataset_cache";
}

std::unique_ptr<TrainingData> load_data(const TrainConfig& config, const data::Tokenizer& tokenizer,
                                        int ranks) {
  const data::ChatFormat chat = training_chat(config, tokenizer);
  TokenisedDataset train = tokenised_dataset(config, "dataset", tokenizer, chat);
  notice("dataset: {}", train.samples.summary().text());
  std::optional<data::SftDataset> eval;
  if (!config.eval_dataset.empty()) {
    eval = tokenised_dataset(config, "eval_dataset", tokenizer, chat).samples;
    notice("eval_dataset: {}", eval->summary().text());
  }
  if (config.val_size > 0) {
    eval = train.samples.hold_out(config.val_size, uint64_t(config.seed));
    notice("val_size: {} samples held out of dataset", eval->samples().size());
  }
  data::SampleRows rows = rows_of(config, train);
  data::SampleOrder order(rows.size(), uint64_t(config.seed));
  auto data = std::make_unique<TrainingData>(
      TrainingData{std::move(train.samples), std::move(eval), std::move(rows), std::move(order), nullptr});
  if (config.group_by_length && !config.packing)
    data->groups = std::make_unique<data::LengthGroups>(data->order, data->rows, uint64_t(config.seed),
                                                        plan_batch(config, ranks).global);
  audit(config, *data);
  return data;
}

int64_t total_steps(const TrainConfig& config, int64_t rows, int64_t global_batch) {
  if (config.max_steps > 0) return config.max_steps;
  return std::max<int64_t>(1,
                           int64_t(std::ceil(config.num_train_epochs * double(rows) / double(global_batch))));
}

int64_t warmup_steps(const TrainConfig& config, int64_t steps) {
  if (config.warmup_steps > 0) return config.warmup_steps;
  return int64_t(std::ceil(config.warmup_ratio * double(steps)));
}

}  // namespace genesis::trainer
