#pragma once
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "kernels/core/dtype.h"
#include "trainer/checkpoint/box.h"

namespace genesis::trainer {

/// A part of a global tensor and where it is stored.
struct ManifestSlice {
  std::string file;  ///< plain name inside the checkpoint's folder
  std::string key;   ///< the tensor's name in that safetensors file
  Box box;
  uint32_t crc32c = 0;  ///< of its bytes

  bool operator==(const ManifestSlice&) const = default;
};

/// A tensor of the run, whatever ranks held it: a weight under the makers' name, or a moment as
/// "exp_avg.NAME", "exp_avg_sq.NAME".
struct ManifestTensor {
  std::string name;
  DType dtype = DType::f32;
  Shape shape;
  std::vector<ManifestSlice> slices;  ///< they tile the tensor exactly

  bool operator==(const ManifestTensor&) const = default;
};

struct ManifestFile {
  std::string name;
  int64_t size = 0;          ///< bytes
  std::string sha256;        ///< 64 hexadecimal digits
  int64_t head_bytes = 0;    ///< of a safetensors file: length word and header; 0 for any other file
  uint32_t head_crc32c = 0;  ///< of those bytes

  bool operator==(const ManifestFile&) const = default;
};

/// Everything a checkpoint says about itself: MANIFEST.json, written last.
struct Manifest {
  static constexpr int kVersion = 1;

  std::string run;  ///< drawn when the run began
  int64_t generation =
      1;  ///< counts new beginnings in one output folder; the newest checkpoint has the largest
  int64_t step = 0;
  int64_t previous_step = -1;  ///< of the checkpoint published before; -1: this is the first
  int64_t ranks = 1;           ///< that wrote it; informative
  std::string program;         ///< version that wrote it; informative
  std::vector<ManifestTensor> tensors;
  std::vector<ManifestFile> files;

  bool operator==(const Manifest&) const = default;
  /// nullptr when there is none of that name.
  const ManifestFile* find_file(std::string_view name) const;
  const ManifestTensor* find_tensor(std::string_view name) const;
  int64_t bytes() const;  ///< of all files listed
};

inline constexpr const char* kManifestName = "MANIFEST.json";

/// The file's text. Its last member is `seal`, the SHA-256 of every byte before it.
std::string write_manifest(const Manifest& manifest);

/// Reads and checks one: the seal first, then the version, then every field; slices must tile their tensors,
/// lie in listed files and use each key once; names are plain. `file` is its path, for messages.
/// Errors: CheckpointError naming file, and tensor where there is one; CheckpointRefused for a version above
/// kVersion.
Manifest parse_manifest(std::string_view text, const std::string& file);

/// The generation in a manifest's first bytes, unchecked; -1 when there is none. For sorting, not for trust.
int64_t peek_generation(const std::filesystem::path& folder);

}  // namespace genesis::trainer
