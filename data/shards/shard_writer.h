#pragma once
#include <filesystem>
#include <memory>
#include <optional>
#include <vector>

#include "data/dataset/sample_store.h"
#include "data/dataset/sample_stream.h"
#include "data/shards/array_writer.h"
#include "data/shards/manifest.h"

namespace genesis::data {

/// Columns of the array "samples" of a shard, one row a sample, row after row.
///   offset: of its first token in "ids"; digest: SampleDigest; file, line: SampleOrigin
enum SampleColumn : int64_t {
  kOffset,
  kLength,
  kSupervised,
  kDigest0,
  kDigest1,
  kFileIndex,
  kLine,
  kColumns
};

/// Writes tokenised samples into a folder of HDF5 files:
///   shard-00000.h5 …  "ids" int32 [tokens], "supervised" uint8 [tokens], "samples" int64 [samples x
///   kColumns],
///                     each with its chunk digests (array_writer.h)
///   manifest.json     provenance, summary, every shard's size and digest, sealed
/// The folder appears under its name when all of it is on the disk, and not before.
/// Errors: DiskError naming the file. Memory: that of a few chunks.
class ShardWriter {
 public:
  struct Options {
    int64_t shard_tokens = int64_t{1} << 26;  ///< a shard is closed when it has as many: 320 MiB
    int64_t chunk_tokens = int64_t{1} << 16;
    int64_t chunk_samples = 1024;
  };
  explicit ShardWriter(std::filesystem::path folder) : ShardWriter(std::move(folder), Options()) {}
  ShardWriter(std::filesystem::path folder, Options options);
  /// Takes away what was not published.
  ~ShardWriter();
  ShardWriter(const ShardWriter&) = delete;
  ShardWriter& operator=(const ShardWriter&) = delete;

  void add(const LabelledTokens& tokens, SampleOrigin origin);

  /// Closes the last shard, counts duplicates into the summary, and publishes the folder.
  Manifest finish(Provenance provenance, SftSummary summary);

 private:
  struct Open;
  void begin_shard();
  void end_shard();
  int64_t count_duplicates() const;

  std::filesystem::path folder_, partial_;
  Options options_;
  std::unique_ptr<Open> open_;
  std::vector<Manifest::Shard> shards_;
  std::vector<int64_t> samples_of_file_;
  WeightTable weights_;
};

}  // namespace genesis::data
