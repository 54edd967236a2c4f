#pragma once
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>

#include "data/dataset/sample_stream.h"
#include "data/shards/shard_store.h"
#include "data/tokenizer/tokenizer.h"

namespace genesis::data {

/// All that decides about a tokenised dataset.
struct PrepareRequest {
  std::span<const std::filesystem::path> files;
  const Tokenizer& tokenizer;
  const ChatFormat& chat;
  SftOptions options;
  std::string program;  ///< name and version, for the provenance
  std::function<void(const StreamProgress&)> progress = {};
};

/// Where the samples come from and how they would be made, sources digested.
/// Errors: DataError naming a file that cannot be read.
Provenance provenance_of(const PrepareRequest& request);

/// Tokenises files into a folder of shards (shard_writer.h). Memory does not grow with the files.
/// Errors: as stream_samples and ShardWriter; DataError when no sample is left, or a file changed meanwhile.
Manifest prepare(const PrepareRequest& request, const Provenance& provenance,
                 const std::filesystem::path& folder);

/// The shards of a request out of a cache: CACHE/KEY, KEY from the digests of sources, tokenizer, template
/// and options. They are made when they are not there, by one process while others that ask for them wait; a
/// damaged folder is said in one line and made again. Errors: as prepare; DiskError naming the cache.
std::shared_ptr<const ShardStore> cached_shards(const PrepareRequest& request,
                                                const std::filesystem::path& cache);

/// Shards somebody prepared, for this tokenizer, template and these options.
/// Errors: DataError naming the folder and what differs, with both values.
std::shared_ptr<const ShardStore> open_prepared(const PrepareRequest& request,
                                                const std::filesystem::path& folder);

}  // namespace genesis::data
