#pragma once
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "parallel/launcher.h"
#include "trainer/control/pulse.h"

namespace genesis::trainer {

/// The memory in which the ranks of one host see each other's pulses, found without MPI: a file in /dev/shm
/// whose name comes from the job. It is there before MPI starts, so a rank that never gets that far is seen
/// too.
class PulseBoard {
 public:
  static constexpr int kSlots = 512;  ///< ranks of one host

  /// Joins the board of the job that `launcher` speaks of, at the place of this rank. Nothing when the
  /// environment does not tell one job from another or the host has more than kSlots ranks.
  /// Errors: genesis::Error with file and system's reason.
  static std::optional<PulseBoard> join(const parallel::LauncherInfo& launcher);
  /// A board at a path of its own, for `ranks` ranks of which this is `local_rank`.
  static PulseBoard open(const std::filesystem::path& file, int local_rank, int ranks);

  PulseBoard(PulseBoard&& other) noexcept;
  PulseBoard& operator=(PulseBoard&&) = delete;
  ~PulseBoard();

  int local_rank() const { return local_rank_; }
  Pulse& own() const { return page_->pulses[size_t(local_rank_)]; }
  /// The pulses of all ranks of this host, also of those that have not started.
  std::span<const Pulse> pulses() const { return {page_->pulses.data(), size_t(ranks_)}; }

  /// True for the one rank of this host that reports; at most once.
  bool claim_report();
  /// Somebody is reporting, or has: everyone ends.
  bool reported() const { return page_->claimed.load() != 0; }
  /// The report is written: nobody needs to wait for it.
  void finish_report() { page_->written.store(1); }
  bool report_written() const { return page_->written.load() != 0; }

  /// Removes the name: nobody else can join; the memory lives as long as someone maps it.
  void unlink() const;

 private:
  struct Page {
    std::atomic<uint32_t> claimed, written;
    std::array<Pulse, kSlots> pulses;
  };
  PulseBoard() = default;

  Page* page_ = nullptr;
  std::filesystem::path file_;
  int local_rank_ = 0, ranks_ = 1;
};

/// A name for the job this process belongs to, the same for its ranks on this host and for no other job's;
/// empty when the environment has none.
std::string job_name();

}  // namespace genesis::trainer
