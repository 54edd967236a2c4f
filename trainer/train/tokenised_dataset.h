#pragma once
#include <memory>

#include "data/chat/chat_format.h"
#include "data/dataset/sft_dataset.h"
#include "data/shards/shard_store.h"
#include "data/tokenizer/tokenizer.h"
#include "trainer/config/train_config.h"

namespace genesis::trainer {

/// The tokenised samples of `dataset` or `eval_dataset`, and the folder they are kept in.
struct TokenisedDataset {
  std::shared_ptr<const data::ShardStore> shards;
  data::SftDataset samples;  ///< mixed by dataset_weights
  bool plain = true;         ///< every sample once, in order: what is kept beside the shards fits
};

/// Finds or makes them, with a progress bar on a terminal. With several ranks one makes them.
/// Errors: as dataset_files, data::cached_shards and data::open_prepared.
TokenisedDataset tokenised_dataset(const TrainConfig& config, const char* key,
                                   const data::Tokenizer& tokenizer, const data::ChatFormat& chat);

/// The program's name and release, as provenance has it.
std::string program_name();

}  // namespace genesis::trainer
