#pragma once

namespace genesis::trainer {

/// While one of these lives, SIGUSR1 and SIGTERM ask for a stop instead of ending the process. (mpirun hands
/// SIGUSR1 on to all ranks at once; SLURM sends either before the time limit.) The last one to go gives both
/// signals their default meaning again. Any thread.
class StopSignals {
 public:
  StopSignals();
  ~StopSignals();
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;
};

/// The signal that came to this process, or 0. Ranks agree on it before they act (StepVote).
int stop_signal() noexcept;

}  // namespace genesis::trainer
