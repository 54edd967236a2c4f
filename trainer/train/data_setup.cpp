#include "trainer/train/data_setup.h"

#include <cmath>

#include "data/chat/tokenizer_encoder.h"
#include "kernels/core/log.h"

namespace genesis::trainer {
namespace {

data::SftDataset load(const TrainConfig& config, const std::vector<std::string>& names, const char* key,
                      const data::ChatFormat& chat) {
  std::vector<std::filesystem::path> files;
  for (const std::string& name : names) {
    if (!std::filesystem::is_regular_file(name))
      throw ConfigError("{}: {} is not a file", config.about(key), name);
    files.emplace_back(name);
  }
  const data::SftOptions options{.loss_on = config.loss_on,
                                 .max_seq_len = config.max_seq_len,
                                 .on_too_long = config.on_too_long,
                                 .format = {}};
  data::SftDataset dataset = data::SftDataset::load(files, chat, options);
  notice("{}: {}", key, dataset.summary().text());
  return dataset;
}

}  // namespace

std::unique_ptr<TrainingData> load_data(const TrainConfig& config, const data::Tokenizer& tokenizer) {
  const data::ChatFormat chat(data::text_encoder(tokenizer),
                              data::chat_template(spelling_of(config.chat_template)));
  data::SftDataset train = load(config, config.dataset, "dataset", chat);
  std::optional<data::SftDataset> eval;
  if (!config.eval_dataset.empty()) eval = load(config, config.eval_dataset, "eval_dataset", chat);
  if (config.val_size > 0) {
    eval = train.hold_out(config.val_size, uint64_t(config.seed));
    notice("val_size: {} samples held out of dataset", eval->samples().size());
  }
  data::SampleRows rows =
      config.packing ? data::SampleRows::packed(train.samples(), config.max_seq_len, uint64_t(config.seed))
                     : data::SampleRows::one_each(train.samples());
  data::SampleOrder order(rows.size(), uint64_t(config.seed));
  return std::make_unique<TrainingData>(
      TrainingData{std::move(train), std::move(eval), std::move(rows), std::move(order)});
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
