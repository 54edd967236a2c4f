#pragma once
#include <cstdint>
#include <filesystem>

#include "data/dataset/sft_dataset.h"
#include "parallel/communicator.h"
#include "trainer/inference/loaded_model.h"

namespace genesis::trainer {

/// The loss of a model over a chat file, as training would count it.
struct DatasetLoss {
  double loss = 0;        ///< sum of token losses / supervised tokens, natural logarithm
  double perplexity = 0;  ///< exp(loss)
  data::SftSummary data;
  double seconds = 0;  ///< of the model's work
};

/// Samples are dealt to the ranks; the same numbers on every rank.
/// Errors: as data::SftDataset::load; ConfigError when options.max_seq_len is beyond the model's context.
DatasetLoss dataset_loss(LoadedModel& model, const std::filesystem::path& file,
                         const data::SftOptions& options, parallel::Communicator& ranks);

}  // namespace genesis::trainer
