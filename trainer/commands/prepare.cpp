#include "data/shards/prepare.h"

#include <fmt/core.h>

#include <algorithm>
#include <chrono>

#include "data/shards/row_index.h"
#include "kernels/core/log.h"
#include "parallel/threads.h"
#include "trainer/commands/commands.h"
#include "trainer/commands/own_options.h"
#include "trainer/config/load.h"
#include "trainer/config/read_arguments.h"
#include "trainer/data_audit/findings.h"
#include "trainer/progress/byte_progress.h"
#include "trainer/train/chat_setup.h"
#include "trainer/train/data_setup.h"
#include "trainer/train/dataset_files.h"
#include "trainer/train/model_setup.h"
#include "trainer/train/tokenised_dataset.h"

namespace genesis::trainer {
namespace {

namespace fs = std::filesystem;

data::Tokenizer tokenizer_of(const TrainConfig& c) {
  if (!c.tokenizer.empty()) return data::Tokenizer::from_path(c.tokenizer);
  return data::Tokenizer::from_path(find_model(c).tokenizer);
}

/// Tokenises one key's files into `out`, or into the cache when it is empty.
void prepare_key(const TrainConfig& c, const char* key, const data::Tokenizer& tokenizer,
                 const fs::path& out) {
  const data::ChatFormat chat = training_chat(c, tokenizer);
  const DatasetFiles files = dataset_files(c, key);
  if (!files.prepared.empty()) return notice("{}: {} is prepared already", key, files.prepared.string());
  int64_t bytes = 0;
  for (const auto& file : files.files) bytes += int64_t(fs::file_size(file));
  ByteProgress progress(ProgressOutput::automatic(), fmt::format("{}: tokenising", key), bytes);
  data::PrepareRequest request{
      .files = files.files,
      .tokenizer = tokenizer,
      .chat = chat,
      .options = sft_options(c),
      .program = program_name(),
      .progress = [&](const data::StreamProgress& p) { progress.update(p.bytes, p.tokens); }};
  const auto cores = parallel::own_cores();
  request.options.threads =
      c.threads > 0 ? int(c.threads) : std::max(1, int(std::count(cores.begin(), cores.end(), true)));
  const data::Provenance provenance = data::provenance_of(request);
  const fs::path folder = out.empty() ? cache_folder(c) / provenance.key().substr(0, 16) : out;
  const data::Manifest manifest = data::prepare(request, provenance, folder);
  const double seconds = progress.seconds();
  const data::SftSummary& sum = manifest.summary;
  fmt::print("{}: {} in {} {}; {:.2f} s, {:.1f} MB/s, {:.2f} M tokens/s\n", folder.string(), sum.text(),
             manifest.shards.size(), manifest.shards.size() == 1 ? "shard" : "shards", seconds,
             double(bytes) / seconds / 1e6, double(sum.tokens) / seconds / 1e6);
  act_on(c.audit, findings_of(key, sum));
  if (!c.packing || std::string_view(key) != "dataset") return;
  const data::ShardStore store(folder);
  const auto rows = data::SampleRows::packed(store, c.max_seq_len, uint64_t(c.seed));
  data::write_row_index(folder, {c.max_seq_len, uint64_t(c.seed)}, rows);
  fmt::print("{}: {} rows of {} tokens, {:.2f} % full\n", folder.string(), rows.size(), c.max_seq_len,
             100 * rows.efficiency(c.max_seq_len));
}

void prepare(std::vector<std::string> words) {
  const fs::path out = take_value(words, "--out").value_or("");
  const LoadedConfig loaded = load_config(read_arguments(words));
  for (const std::string& line : loaded.notices) log_line(line);
  const TrainConfig& c = loaded.config;
  if (c.dataset.empty()) throw ConfigError("{} is missing", c.about("dataset"));
  const data::Tokenizer tokenizer = tokenizer_of(c);
  prepare_key(c, "dataset", tokenizer, out);
  if (!c.eval_dataset.empty()) prepare_key(c, "eval_dataset", tokenizer, out.empty() ? out : out / "eval");
}

}  // namespace

void add_prepare(CLI::App& program, CommandContext& context) {
  auto* command = program.add_subcommand(
      "prepare", "Tokenise the dataset of a config once, into shards that training reads");
  command->footer(
      "genesis prepare CONFIG.yaml [key=value ...] [--out FOLDER]\n"
      "  --out FOLDER   where the shards go (eval_dataset: FOLDER/eval); name it as `dataset` of a run.\n"
      "                 Without it they go where a run of the same config looks for them.\n");
  command->prefix_command();
  command->callback([command, &context] {
    context.run([command] {
      const auto words = command->remaining();
      if (words.empty()) return fmt::print("{}", command->help());
      prepare(words);
    });
  });
}

}  // namespace genesis::trainer
