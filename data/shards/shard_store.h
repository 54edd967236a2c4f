#pragma once
#include <memory>
#include <vector>

#include "data/dataset/sample_store.h"
#include "data/shards/manifest.h"
#include "data/shards/shard_file.h"

namespace genesis::data {

/// The samples of a folder of shards. Tokens stay on disk, in the page cache that all ranks of a machine
/// share; in memory are 72 bytes a sample.
///   The tokens handed out are checked against the sample's own digest.
/// Errors: DataError naming file, array and chunk or sample.
class ShardStore final : public SampleStore {
 public:
  explicit ShardStore(const std::filesystem::path& folder);

  SampleView sample(int64_t index) const override;

  const Manifest& manifest() const { return manifest_; }
  const std::filesystem::path& folder() const { return folder_; }

 private:
  double weight_of(const ShardFile& file, const ShardFile::Row& row) const;

  std::filesystem::path folder_;
  Manifest manifest_;
  std::vector<std::unique_ptr<ShardFile>> files_;
  std::vector<int64_t> first_;  // [shards + 1]: index of each shard's first sample
};

}  // namespace genesis::data
