#include "trainer/control/progress.h"

namespace genesis::trainer {
namespace {

std::atomic<Pulse*> own{nullptr};

Pulse* pulse() { return own.load(std::memory_order_acquire); }

}  // namespace

void set_own_pulse(Pulse* p) noexcept { own.store(p, std::memory_order_release); }

void note_phase(Phase phase) noexcept {
  if (Pulse* p = pulse()) {
    p->phase.store(phase, std::memory_order_release);
    note_progress();
  }
}

void note_step_begin(int64_t step) noexcept {
  if (Pulse* p = pulse()) {
    p->step.store(step, std::memory_order_relaxed);
    if (p->phase.load(std::memory_order_relaxed) != Phase::step) note_phase(Phase::step);
  }
}

void note_step_end() noexcept {
  if (Pulse* p = pulse()) p->steps_here.fetch_add(1, std::memory_order_relaxed);
}

void note_progress() noexcept {
  if (Pulse* p = pulse()) p->progress.fetch_add(1, std::memory_order_relaxed);
}

PhaseScope::PhaseScope(Phase phase) noexcept {
  if (const Pulse* p = pulse()) before_ = p->phase.load(std::memory_order_relaxed);
  note_phase(phase);
}

PhaseScope::~PhaseScope() { note_phase(before_); }

}  // namespace genesis::trainer
