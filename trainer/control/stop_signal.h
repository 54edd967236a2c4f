#pragma once

namespace genesis::trainer {

/// From now on SIGUSR1 and SIGTERM ask for a stop instead of ending the process. (mpirun hands SIGUSR1 on to
/// all ranks at once; SLURM sends either before the time limit.)
void catch_stop_signals();
/// The signal that came to this process, or 0. Ranks agree on it before they act (StepVote).
int stop_signal() noexcept;
/// Forgets it and gives both signals their default meaning again.
void release_stop_signals();

}  // namespace genesis::trainer
