#pragma once
#include <filesystem>
#include <memory>

#include "parallel/communicator.h"
#include "parallel/launcher.h"
#include "trainer/control/hang_judge.h"

namespace genesis::trainer {

struct WatchdogOptions {
  HangLimits limits;                    ///< hang <= 0: no watchdog
  std::filesystem::path report_folder;  ///< the last collectives of every rank go to REPORT_FOLDER/rank-N.txt
};

/// A thread outside MPI that ends every rank of a job that hangs.
///   Each rank writes a heartbeat, its step and its calls into memory its host's ranks share (PulseBoard);
///   one rank of each further host carries them to rank 0 over TCP (PulseServer). Each rank's watchdog judges
///   what it sees (HangJudge); one of them tells (hang_report on stderr, rank-N.txt for each rank), and all
///   end with exit code 74. The launcher then ends those that are stopped.
/// Cost: a few stores a call; the thread wakes at most 4 times a second at the default limit.
class Watchdog {
 public:
  /// Starts watching, before MPI starts. Nothing when there is one rank only, when the limit is 0, or where
  /// the environment does not tell jobs apart.
  static std::unique_ptr<Watchdog> start(const WatchdogOptions& options,
                                         const parallel::LauncherInfo& launcher);
  ~Watchdog();
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;

  /// Links the hosts of the job. Collective, once MPI is up.
  void connect(parallel::Communicator& world);

 private:
  struct State;
  explicit Watchdog(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace genesis::trainer
