#include "trainer/control/pulse_board.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "kernels/core/check.h"
#include "parallel/agreement.h"

namespace genesis::trainer {
namespace {

namespace fs = std::filesystem;

std::string own_host() {
  char name[64] = {};
  ::gethostname(name, sizeof name - 1);
  return name;
}

}  // namespace

std::string job_name() {
  std::string text;
  for (const char* key : {"OMPI_MCA_orte_precondition_transports", "OMPI_MCA_orte_hnp_uri", "PMIX_NAMESPACE",
                          "PMIX_SERVER_URI2", "SLURM_JOB_ID", "SLURM_STEP_ID"}) {
    const char* value = std::getenv(key);
    if (value) text += fmt::format("{}={};", key, value);
  }
  if (text.empty()) return "";
  text += own_host();
  return fmt::format("genesis-{}-{:016x}", ::getuid(),
                     parallel::digest_bytes(text.data(), int64_t(text.size())));
}

std::optional<PulseBoard> PulseBoard::join(const parallel::LauncherInfo& launcher) {
  const std::string name = job_name();
  if (name.empty() || launcher.local_rank >= kSlots) return std::nullopt;
  fs::path folder = "/dev/shm";
  if (::access(folder.c_str(), W_OK) != 0) folder = fs::temp_directory_path();
  return open(folder / name, launcher.local_rank, std::max(launcher.local_size, launcher.local_rank + 1));
}

PulseBoard PulseBoard::open(const fs::path& file, int local_rank, int ranks) {
  GENESIS_CHECK(local_rank >= 0 && local_rank < ranks && ranks <= kSlots, "rank ", local_rank, " of ", ranks,
                " on this host; a board has ", kSlots, " places");
  PulseBoard board;
  board.file_ = file;
  board.local_rank_ = local_rank;
  board.ranks_ = ranks;
  const int fd = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  GENESIS_CHECK(fd >= 0, file.string(), ": ", std::strerror(errno));
  void* p = MAP_FAILED;
  if (::ftruncate(fd, sizeof(Page)) == 0)  // all ranks ask for the same size, so the order does not matter
    p = ::mmap(nullptr, sizeof(Page), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  const int reason = errno;
  ::close(fd);
  GENESIS_CHECK(p != MAP_FAILED, file.string(), ": ", std::strerror(reason));
  board.page_ = static_cast<Page*>(p);
  return board;
}

PulseBoard::PulseBoard(PulseBoard&& other) noexcept
    : page_(std::exchange(other.page_, nullptr)),
      file_(std::move(other.file_)),
      local_rank_(other.local_rank_),
      ranks_(other.ranks_) {}

PulseBoard::~PulseBoard() {
  if (page_) ::munmap(page_, sizeof(Page));
}

bool PulseBoard::claim_report() {
  uint32_t none = 0;
  return page_->claimed.compare_exchange_strong(none, 1);
}

void PulseBoard::unlink() const { ::unlink(file_.c_str()); }

}  // namespace genesis::trainer
