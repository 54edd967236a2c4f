#include "data/shards/prepare.h"

#include <system_error>

#include "data/shards/chat_digest.h"
#include "data/shards/file_digest.h"
#include "data/shards/folder_lock.h"
#include "data/shards/shard_writer.h"
#include "kernels/core/log.h"

namespace genesis::data {
namespace fs = std::filesystem;
namespace {

int64_t size_of(const fs::path& file) {
  std::error_code error;
  const auto bytes = fs::file_size(file, error);
  if (error) throw DataError("{}: cannot be read: {}", file.string(), error.message());
  return int64_t(bytes);
}

void compare(const fs::path& folder, std::string_view what, const std::string& theirs,
             const std::string& ours) {
  if (theirs != ours)
    throw DataError("{}: was prepared with another {}: {} there, {} here; prepare it again", folder.string(),
                    what, theirs, ours);
}

/// The part of a digest that a person compares.
std::string shown(const std::string& digest) { return digest.substr(0, 12); }

}  // namespace

Provenance provenance_of(const PrepareRequest& r) {
  Provenance p;
  p.program = r.program;
  p.tokenizer = tokenizer_digest(r.tokenizer);
  p.vocab_size = r.tokenizer.vocab_size();
  p.chat_template = r.chat.chat_template().name;
  p.template_digest = template_digest(r.chat);
  p.settings = r.options.settings();
  for (const fs::path& file : r.files)
    p.sources.push_back({file.string(), size_of(file), sha256_of_file(file), 0});
  return p;
}

Manifest prepare(const PrepareRequest& r, const Provenance& provenance, const fs::path& folder) {
  ShardWriter writer(folder);
  SftSummary summary;
  stream_samples(r.files, r.chat, r.options, summary,
                 {.sample = [&](LabelledTokens&& tokens, SampleOrigin at) { writer.add(tokens, at); },
                  .progress = r.progress});
  if (summary.samples == 0)
    throw DataError("{}: no sample is left of {} records (max_seq_len {}, truncation {})",
                    r.files.front().string(), summary.records, r.options.max_seq_len,
                    name_of(r.options.truncation));
  for (const auto& source : provenance.sources)
    if (size_of(source.path) != source.bytes || sha256_of_file(source.path) != source.sha256)
      throw DataError("{}: changed while it was read", source.path);
  return writer.finish(provenance, std::move(summary));
}

std::shared_ptr<const ShardStore> cached_shards(const PrepareRequest& r, const fs::path& cache) {
  const Provenance provenance = provenance_of(r);
  const fs::path folder = cache / provenance.key().substr(0, 16);
  const auto open = [&]() -> std::shared_ptr<const ShardStore> {
    if (!is_shard_folder(folder)) return nullptr;
    try {
      auto store = std::make_shared<const ShardStore>(folder);
      if (store->manifest().provenance.key() == provenance.key()) return store;
      warn("{}: holds other data; it is made again", folder.string());
    } catch (const DataError& e) {
      warn("{}; it is made again", e.what());
    }
    return nullptr;
  };
  if (auto store = open()) return store;
  const FolderLock lock(cache);
  if (auto store = open()) return store;  // somebody made it meanwhile
  prepare(r, provenance, folder);
  return std::make_shared<const ShardStore>(folder);
}

std::shared_ptr<const ShardStore> open_prepared(const PrepareRequest& r, const fs::path& folder) {
  auto store = std::make_shared<const ShardStore>(folder);
  const Provenance& p = store->manifest().provenance;
  compare(folder, "tokenizer", shown(p.tokenizer), shown(tokenizer_digest(r.tokenizer)));
  compare(folder, "template", p.chat_template, r.chat.chat_template().name);
  compare(folder, "template", shown(p.template_digest), shown(template_digest(r.chat)));
  compare(folder, "rule (loss_on, max_seq_len, truncation, format, parse_special, on_bad_record)", p.settings,
          r.options.settings());
  return store;
}

}  // namespace genesis::data
