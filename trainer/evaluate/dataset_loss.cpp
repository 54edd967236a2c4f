#include "trainer/evaluate/dataset_loss.h"

#include <algorithm>
#include <chrono>

#include "trainer/train/evaluate.h"

namespace genesis::trainer {
namespace {

constexpr int64_t kTokensAtOnce = 8192;

}  // namespace

DatasetLoss dataset_loss(LoadedModel& model, const std::filesystem::path& file,
                         const data::SftOptions& options, parallel::Communicator& ranks) {
  if (options.max_seq_len > model.context())
    throw ConfigError("max_seq_len {} is beyond the model's context of {}", options.max_seq_len,
                      model.context());
  const std::filesystem::path files[] = {file};
  const auto dataset = data::SftDataset::load(files, model.chat, options);
  const int64_t rows = std::max<int64_t>(1, kTokensAtOnce / dataset.samples().longest());
  const DType dtype = model.model->dtype();
  const PrecisionPlan precision{.parameters = dtype, .autocast = false, .compute = dtype};
  const auto start = std::chrono::steady_clock::now();
  const EvalResult result = evaluate(*model.model, dataset.samples(), rows, precision, ranks);
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  return {result.loss, result.perplexity(), dataset.summary(), took.count()};
}

}  // namespace genesis::trainer
