#pragma once
#include <filesystem>

#include "trainer/checkpoint/file_layer.h"
#include "trainer/checkpoint/manifest.h"

namespace genesis::trainer {

/// OUTPUT_DIR/checkpoint-STEP, and the name it has while it is written.
std::filesystem::path checkpoint_path(const std::filesystem::path& output_dir, int64_t step);
std::filesystem::path partial_path(const std::filesystem::path& output_dir, int64_t step);

/// Makes the empty folder of a checkpoint to be written, in the place of a broken-off one. Errors: DiskError.
void begin_checkpoint(FileLayer& files, const std::filesystem::path& output_dir, int64_t step);

/// Writes the manifest beside the files that are all there and synced, and gives the folder its name:
///   manifest, its sync, the folder's sync, one rename, the sync of output_dir.
/// A checkpoint-STEP that exists is exchanged in one call and removed afterwards (on file systems that cannot
/// exchange: moved aside first). `renamed` is set when the rename was asked for: from then on the partial
/// name may stand for what was there before. Errors: DiskError; what was published before is still readable
/// then.
void publish_checkpoint(FileLayer& files, const std::filesystem::path& output_dir, const Manifest& manifest,
                        bool& renamed);

/// Writes OUTPUT_DIR/LATEST, a hint for people and scripts; nothing of Genesis trusts it. A failure is a
/// warning.
void write_latest(FileLayer& files, const std::filesystem::path& output_dir, int64_t step);

/// Removes the oldest checkpoints until `keep` are left; keep = 0 keeps all. Those of steps `newest` (the
/// last one verified) and `best` stay. A folder that cannot be removed is a warning.
void remove_old_checkpoints(FileLayer& files, const std::filesystem::path& output_dir, int64_t keep,
                            int64_t newest, int64_t best);

/// Removes what broken-off saves and removals have left in output_dir.
void remove_leftovers(FileLayer& files, const std::filesystem::path& output_dir);

}  // namespace genesis::trainer
