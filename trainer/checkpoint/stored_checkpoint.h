#pragma once
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "trainer/checkpoint/checkpoint_source.h"
#include "trainer/checkpoint/manifest.h"

namespace genesis::trainer {

/// A checkpoint on the disk, opened for reading. Opening checks everything but the tensors' own bytes:
///   the manifest's seal and tiling, every file's size, the SHA-256 of small files, and of each safetensors
///   file the CRC-32C of its header and that the header holds exactly the slices of the manifest.
/// A slice's bytes are checked when they are read. Not thread-safe.
/// Errors: CheckpointError naming file and tensor; CheckpointRefused for a newer format.
class StoredCheckpoint {
 public:
  static StoredCheckpoint open(const std::filesystem::path& folder);
  explicit StoredCheckpoint(std::unique_ptr<CheckpointSource> source);

  std::string path() const { return source_->path(); }
  const Manifest& manifest() const { return manifest_; }
  /// The manifest's seal: two checkpoints are the same when it is.
  const std::string& seal() const { return seal_; }
  /// A small file's bytes, already checked. Errors: CheckpointError when the checkpoint has none of that
  /// name.
  std::string_view text(const std::string& file);
  /// The bytes of a slice. Errors: CheckpointError naming file, tensor and both checksums.
  std::string_view slice(const ManifestTensor& tensor, const ManifestSlice& slice);

  /// Checks a file in full: as opening does, then every slice's CRC-32C and the file's SHA-256.
  void verify_file(const ManifestFile& file);

 private:
  struct FileSlice {
    const ManifestTensor* tensor;
    const ManifestSlice* slice;
    int64_t begin;  // byte of the file
  };
  std::string_view sized_bytes(const ManifestFile& file);
  void check_head(const ManifestFile& file, bool first);
  void check_digest(const ManifestFile& file);

  std::unique_ptr<CheckpointSource> source_;
  Manifest manifest_;
  std::string seal_;
  std::unordered_map<std::string, std::vector<FileSlice>> slices_;  // by file
  std::unordered_map<const ManifestSlice*, int64_t> begin_of_;      // byte of its file
};

/// Checks all of a checkpoint. Returns one line for each file that is damaged, or a single line when the
/// manifest or the files' outlines are. Errors: CheckpointRefused for a newer format.
std::vector<std::string> verify_checkpoint(std::unique_ptr<CheckpointSource> source);
std::vector<std::string> verify_checkpoint(const std::filesystem::path& folder);

}  // namespace genesis::trainer
