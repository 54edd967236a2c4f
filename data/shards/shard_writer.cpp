#include "data/shards/shard_writer.h"

#include <unistd.h>

#include <algorithm>

#include "data/shards/array_reader.h"
#include "data/shards/durable_folder.h"
#include "data/shards/file_digest.h"
#include "kernels/core/check.h"

namespace genesis::data {
namespace fs = std::filesystem;

/// The shard being written.
struct ShardWriter::Open {
  Open(const fs::path& path, const Options& o)
      : file(create_hdf5(path)),
        ids(file, path, "ids", ArrayKind::int32, o.chunk_tokens),
        supervised(file, path, "supervised", ArrayKind::bytes, o.chunk_tokens),
        samples(file, path, "samples", ArrayKind::int64, o.chunk_samples * kColumns) {}
  Hdf5Handle file;
  ArrayWriter ids, supervised, samples;
};

ShardWriter::ShardWriter(fs::path folder, Options options) : folder_(std::move(folder)), options_(options) {
  partial_ = folder_;
  partial_ += fmt::format(".partial-{}", ::getpid());
  std::error_code error;
  fs::remove_all(partial_, error);
  if (!error) fs::create_directories(partial_, error);
  if (error) throw DiskError("{}: cannot be made: {}", partial_.string(), error.message());
}

ShardWriter::~ShardWriter() {
  open_.reset();
  std::error_code ignored;
  fs::remove_all(partial_, ignored);
}

void ShardWriter::begin_shard() {
  const std::string name = fmt::format("shard-{:05}.h5", shards_.size());
  open_ = std::make_unique<Open>(partial_ / name, options_);
  shards_.push_back({.file = name});
}

void ShardWriter::add(const LabelledTokens& tokens, SampleOrigin origin) {
  if (!open_) begin_shard();
  Manifest::Shard& shard = shards_.back();
  const std::vector<uint8_t> mask = weights_.codes_of(tokens);
  const SampleDigest digest = digest_of({tokens.ids, mask, weights_});
  const int64_t row[kColumns] = {shard.tokens,       int64_t(mask.size()), learnable_tokens(tokens),
                                 int64_t(digest[0]), int64_t(digest[1]),   origin.file,
                                 origin.line};
  open_->ids.append(std::span<const int32_t>(tokens.ids));
  open_->supervised.append(std::span<const uint8_t>(mask));
  open_->samples.append(row, kColumns);
  shard.tokens += int64_t(mask.size());
  ++shard.samples;
  samples_of_file_.resize(std::max(samples_of_file_.size(), size_t(origin.file) + 1));
  ++samples_of_file_[size_t(origin.file)];
  if (shard.tokens >= options_.shard_tokens) end_shard();
}

void ShardWriter::end_shard() {
  Manifest::Shard& shard = shards_.back();
  const fs::path path = partial_ / shard.file;
  for (ArrayWriter* array : {&open_->ids, &open_->supervised, &open_->samples}) array->finish();
  if (!open_->file.close()) throw DiskError("{}: cannot be closed; the disk may be full", path.string());
  open_.reset();
  sync_path(path);
  shard.bytes = int64_t(fs::file_size(path));
  shard.xxh3 = xxh3_of_file(path);
}

/// Samples whose digest an earlier one has. The digests are gone through in parts, so that the table stays
/// small however many samples there are.
int64_t ShardWriter::count_duplicates() const {
  constexpr int64_t kAtOnce = 1 << 19;
  int64_t samples = 0, duplicates = 0;
  for (const auto& shard : shards_) samples += shard.samples;
  const uint64_t parts = uint64_t((samples + kAtOnce - 1) / kAtOnce);
  for (uint64_t part = 0; part < parts; ++part) {
    std::vector<uint64_t> found;
    for (const auto& shard : shards_) {
      const fs::path path = partial_ / shard.file;
      const auto rows = read_int64_array(open_hdf5(path), path, "samples");
      for (size_t i = 0; i < rows.size(); i += kColumns)
        if (uint64_t(rows[i + kDigest0]) % parts == part) found.push_back(uint64_t(rows[i + kDigest1]));
    }
    std::sort(found.begin(), found.end());
    duplicates += found.end() - std::unique(found.begin(), found.end());
  }
  return duplicates;
}

Manifest ShardWriter::finish(Provenance provenance, SftSummary summary) {
  if (open_) end_shard();
  summary.duplicates = count_duplicates();
  samples_of_file_.resize(provenance.sources.size());
  for (size_t i = 0; i < provenance.sources.size(); ++i) provenance.sources[i].samples = samples_of_file_[i];
  Manifest manifest{std::move(provenance), std::move(summary), shards_, weights_};
  manifest.write(partial_);
  publish_folder(partial_, folder_);
  return manifest;
}

}  // namespace genesis::data
