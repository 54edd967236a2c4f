#include "trainer/train/tokenised_dataset.h"

#include <algorithm>

#include "data/dataset/mixing.h"
#include "data/shards/prepare.h"
#include "parallel/threads.h"
#include "trainer/progress/byte_progress.h"
#include "trainer/train/data_setup.h"
#include "trainer/train/dataset_files.h"

namespace genesis::trainer {
namespace {

/// Samples of each entry of the key, which may have named several files.
std::vector<data::MixPart> mix_parts(const TrainConfig& config, const DatasetFiles& files,
                                     const data::Manifest& manifest) {
  std::vector<data::MixPart> parts;
  for (const double weight : config.dataset_weights) parts.push_back({0, weight});
  const auto& sources = manifest.provenance.sources;
  for (size_t i = 0; i < sources.size(); ++i)
    parts[files.prepared.empty() ? files.entry[i] : i].samples += sources[i].samples;
  return parts;
}

void check_weights(const TrainConfig& config, size_t parts) {
  if (!config.dataset_weights.empty() && config.dataset_weights.size() != parts)
    throw ConfigError("{}: has {} numbers, dataset has {} entries", config.about("dataset_weights"),
                      config.dataset_weights.size(), parts);
}

}  // namespace

std::string program_name() { return "genesis " GENESIS_VERSION; }

TokenisedDataset tokenised_dataset(const TrainConfig& config, const char* key,
                                   const data::Tokenizer& tokenizer, const data::ChatFormat& chat) {
  const bool training = std::string_view(key) == "dataset";
  const DatasetFiles files = dataset_files(config, key);
  if (training && files.prepared.empty()) check_weights(config, config.dataset.size());
  int64_t bytes = 0;
  for (const auto& file : files.files) bytes += int64_t(std::filesystem::file_size(file));
  ByteProgress progress(ProgressOutput::automatic(), fmt::format("{}: tokenising", key), bytes);
  data::PrepareRequest request{
      .files = files.files,
      .tokenizer = tokenizer,
      .chat = chat,
      .options = sft_options(config),
      .program = program_name(),
      .progress = [&](const data::StreamProgress& p) { progress.update(p.bytes, p.tokens); }};
  // Whoever tokenises has the machine to itself: other ranks wait for it.
  const auto cores = parallel::own_cores();
  request.options.threads = std::max(1, int(std::count(cores.begin(), cores.end(), true)));
  TokenisedDataset result;
  result.shards = files.prepared.empty() ? data::cached_shards(request, cache_folder(config))
                                         : data::open_prepared(request, files.prepared);
  result.samples = data::SftDataset::of(result.shards, result.shards->manifest().summary,
                                        data::SftDataset::settings_of(chat, request.options));
  if (training && !config.dataset_weights.empty()) {
    const auto& manifest = result.shards->manifest();
    if (!files.prepared.empty()) check_weights(config, manifest.provenance.sources.size());
    result.samples.select(data::mix(mix_parts(config, files, manifest), uint64_t(config.seed)));
    result.plain = false;
  }
  return result;
}

}  // namespace genesis::trainer
