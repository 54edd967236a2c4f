#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include "data/dataset/sample_stream.h"
#include "data/shards/prepare.h"
#include "data/shards/shard_writer.h"
#include "kernels/core/log.h"
#include "parallel/threads.h"
#include "trainer/data_audit/audit_report.h"
#include "trainer/progress/byte_progress.h"
#include "trainer/train/chat_setup.h"
#include "trainer/train/data_setup.h"
#include "trainer/train/dataset_files.h"
#include "trainer/train/model_setup.h"
#include "trainer/train/tokenised_dataset.h"

namespace genesis::trainer {
namespace {

namespace fs = std::filesystem;

/// A folder in the system's place for temporary files; removed with the object.
class Scratch {
 public:
  Scratch() {
    std::string pattern = (fs::temp_directory_path() / "genesis-audit-XXXXXX").string();
    const char* made = ::mkdtemp(pattern.data());
    if (!made) throw DiskError("{}: cannot be made", pattern);
    path_ = made;
  }
  ~Scratch() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

/// The tokenizer as a run would load it, without a model where that is not needed.
data::Tokenizer tokenizer_of(const TrainConfig& c) {
  if (!c.tokenizer.empty()) return data::Tokenizer::from_path(c.tokenizer);
  return data::Tokenizer::from_path(find_model(c).tokenizer);
}

AuditedDataset survey(const TrainConfig& config, const char* key, const data::Tokenizer& tokenizer,
                      const fs::path& scratch) {
  const data::ChatFormat chat = training_chat(config, tokenizer);
  const DatasetFiles files = dataset_files(config, key);
  AuditedDataset result{key, {}, nullptr, data::SampleRows::one_each(data::MemoryStore())};
  if (!files.prepared.empty()) {
    const auto shards = std::make_shared<const data::ShardStore>(files.prepared);
    result.summary = shards->manifest().summary;
    result.samples = shards;
  } else {
    int64_t bytes = 0;
    for (const auto& file : files.files) bytes += int64_t(fs::file_size(file));
    ByteProgress progress(ProgressOutput::automatic(), fmt::format("{}: reading", key), bytes);
    data::SftOptions options = sft_options(config);
    options.survey = true;
    const auto cores = parallel::own_cores();
    options.threads = std::max(1, int(std::count(cores.begin(), cores.end(), true)));
    data::ShardWriter writer(scratch / key);
    data::stream_samples(
        files.files, chat, options, result.summary,
        {.sample = [&](data::LabelledTokens&& t, data::SampleOrigin at) { writer.add(t, at); },
         .progress = [&](const data::StreamProgress& p) { progress.update(p.bytes, p.tokens); }});
    if (result.summary.samples == 0) return result;
    data::Provenance provenance{.vocab_size = tokenizer.vocab_size()};
    provenance.sources.resize(files.files.size());
    result.summary = writer.finish(std::move(provenance), result.summary).summary;
    result.samples = std::make_shared<const data::ShardStore>(scratch / key);
  }
  result.rows = config.packing
                    ? data::SampleRows::packed(*result.samples, config.max_seq_len, uint64_t(config.seed))
                    : data::SampleRows::one_each(*result.samples);
  return result;
}

}  // namespace

AuditReport audit_data(const TrainConfig& config) {
  if (config.dataset.empty()) throw ConfigError("{} is missing", config.about("dataset"));
  const auto scratch = std::make_shared<Scratch>();
  AuditReport report{tokenizer_of(config), config.max_seq_len, config.packing, {}, {}, scratch};
  report.datasets.push_back(survey(config, "dataset", report.tokenizer, scratch->path()));
  if (!config.eval_dataset.empty())
    report.datasets.push_back(survey(config, "eval_dataset", report.tokenizer, scratch->path()));
  for (const AuditedDataset& d : report.datasets) {
    for (Finding& f : findings_of(d.key, d.summary)) report.findings.push_back(std::move(f));
    if (!d.samples) report.findings.push_back({d.key, "nothing", 1, "no record can be used", {}});
  }
  if (report.datasets.size() == 2 && report.datasets[0].samples && report.datasets[1].samples)
    for (Finding& f : leakage_of(*report.datasets[0].samples, *report.datasets[1].samples))
      report.findings.push_back(std::move(f));
  return report;
}

}  // namespace genesis::trainer
