// R5: a checkpoint file of 4 GiB cut at every boundary of 4 KiB. Its size alone tells; no byte of it is read.
#include <fcntl.h>
#include <unistd.h>

#include "tests/reliability/campaign.h"
#include "tests/reliability/tiny_state.h"
#include "tests/support/temp_folder.h"
#include "trainer/checkpoint/stored_checkpoint.h"

namespace genesis::reliability {
Outcome run_R5(const Mode& mode) {
  const testing::TempFolder temp;
  TinyState state;
  state.save(temp.path(), 1);
  const auto folder = temp / "checkpoint-1";
  auto stored = trainer::StoredCheckpoint::open(folder);
  trainer::ManifestFile file = *stored.manifest().find_file("optimizer.safetensors");
  file.size = int64_t{4} << 30;
  const int64_t boundary = 4096, step = mode.full ? boundary : 16 * boundary;
  const std::string path = (folder / file.name).string();
  const int fd = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
  Cases cases;
  for (int64_t size = file.size; size >= 0; size -= step) {
    const bool cut = size < file.size;
    if (::ftruncate(fd, size) != 0) return {false, "the file system cannot hold a sparse file of 4 GiB"};
    if (!cut) continue;
    try {
      stored.verify_file(file);
      cases.expect(false, fmt::format("{} of {} bytes: not found", size, file.size));
    } catch (const CheckpointError& e) {
      cases.expect(std::string(e.what()).find("optimizer.safetensors: truncated") != std::string::npos,
                   e.what());
    }
  }
  ::close(fd);
  return {cases.good(),
          fmt::format("{} cuts of a file of 4 GiB, all found and named{}", cases.count(), cases.failures())};
}

}  // namespace genesis::reliability
