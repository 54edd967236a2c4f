#pragma once
#include <cstdint>

#include "trainer/control/pulse.h"

namespace genesis::trainer {

// What the work tells the watchdog. Each is a store or two, and does nothing where no watchdog runs (one
// process, or ranks that are threads).

/// This process' pulse from now on; nullptr: none.
void set_own_pulse(Pulse* pulse) noexcept;

void note_phase(Phase phase) noexcept;
/// The step being worked on; a step that ended also counts as one of this process.
void note_step_begin(int64_t step) noexcept;
void note_step_end() noexcept;
/// Something was done: a micro-step, a batch of an evaluation, a tensor of a checkpoint.
void note_progress() noexcept;

/// A phase for as long as this object lives, then the one before.
class PhaseScope {
 public:
  explicit PhaseScope(Phase phase) noexcept;
  ~PhaseScope();
  PhaseScope(const PhaseScope&) = delete;
  PhaseScope& operator=(const PhaseScope&) = delete;

 private:
  Phase before_ = Phase::start;
};

}  // namespace genesis::trainer
