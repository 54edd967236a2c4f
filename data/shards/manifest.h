#pragma once
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "data/dataset/sft_summary.h"
#include "data/dataset/weight_table.h"

namespace genesis::data {

/// Where tokenised samples come from and how they were made: two of these that are equal in all but `program`
/// and the sources' paths have equal samples.
struct Provenance {
  struct Source {
    std::string path;
    int64_t bytes = 0;
    std::string sha256;
    int64_t samples = 0;  ///< that were kept of it, in order; known when the shards are done
  };
  std::string program;    ///< name and version of what wrote them
  std::string tokenizer;  ///< SHA-256 over vocabulary and special tokens
  int64_t vocab_size = 0;
  std::string chat_template;    ///< its name
  std::string template_digest;  ///< SHA-256 over what the template makes of probes
  std::string settings;         ///< SftOptions::settings()
  std::vector<Source> sources;

  /// SHA-256 over all that decides about the samples; names a cache folder.
  std::string key() const;
};

/// The sealed list of a folder of shards, `manifest.json`.
struct Manifest {
  struct Shard {
    std::string file;
    int64_t bytes = 0;
    std::string xxh3;  ///< of the whole file
    int64_t samples = 0, tokens = 0;
  };
  Provenance provenance;
  SftSummary summary;
  std::vector<Shard> shards;
  WeightTable weights = {};  ///< what the codes in the shards' "supervised" weigh

  static constexpr const char* kFile = "manifest.json";

  /// Writes it with a SHA-256 over its own content. Errors: DiskError naming the path.
  void write(const std::filesystem::path& folder) const;
  /// Reads and checks it. Errors: DataError naming the path: absent, not JSON, a field wrong, or another
  /// seal.
  static Manifest read(const std::filesystem::path& folder);
};

/// True for a folder with a manifest.
bool is_shard_folder(const std::filesystem::path& folder);

}  // namespace genesis::data
