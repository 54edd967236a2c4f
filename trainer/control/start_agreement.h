#pragma once
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "autograd/nn/module.h"
#include "parallel/communicator.h"
#include "trainer/config/train_config.h"

namespace genesis::trainer {

/// Something every rank must have alike when a run starts.
struct StartItem {
  std::string name;  ///< "config", "dataset": also says what the digest is of
  uint64_t digest = 0;
};

/// One all_gather. Errors: ConfigError, the same on every rank, naming the item, the ranks (with hosts) whose
/// digest is not that of the most ranks, and both digests; the earliest item first. Collective.
void agree_at_start(const std::vector<StartItem>& items, parallel::Communicator& ranks);

/// A digest of a text or file. Errors of digest_file: genesis::Error naming the file.
uint64_t digest_text(const std::string& text);
uint64_t digest_file(const std::string& path);

/// One item for each key of the config, whether it was given or not.
std::vector<StartItem> config_items(const TrainConfig& config);
/// The bytes of the running program.
StartItem program_item();
/// The files of a tokenizer: a file, or a folder's known names.
uint64_t tokenizer_digest(const std::filesystem::path& source);
/// Names, shapes and bytes of all parameters.
uint64_t weights_digest(const nn::Module& model);

}  // namespace genesis::trainer
