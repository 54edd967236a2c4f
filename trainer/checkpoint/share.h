#pragma once
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "trainer/checkpoint/file_layer.h"
#include "trainer/checkpoint/manifest.h"
#include "trainer/checkpoint/save_plan.h"
#include "trainer/checkpoint/snapshot.h"

namespace genesis::trainer {

/// A file that is no safetensors file: its name and what is in it.
using SmallFile = std::pair<std::string, std::string>;

/// Digests of what a rank wrote, to go into the manifest.
struct ShareReport {
  std::vector<ManifestFile> files;
  std::vector<uint32_t> slices;  ///< CRC-32C of each slice of this rank's planned files, in the plan's order

  /// As a line of text for another rank, and back.
  std::string text() const;
  static ShareReport parse(const std::string& text);
};

/// Writes this rank's safetensors files and `small` into `folder` and syncs each. The checksums are of the
/// snapshot, taken before a byte goes to the system. Errors: DiskError.
ShareReport write_share(FileLayer& files, const std::filesystem::path& folder, const SavePlan& plan, int rank,
                        const Snapshot& snapshot, const std::vector<SmallFile>& small);

/// Puts the tensors and files of a manifest together from every rank's report.
void fill_manifest(Manifest& manifest, const SavePlan& plan, const std::vector<TensorHolders>& tensors,
                   const std::vector<ShareReport>& reports);

}  // namespace genesis::trainer
