#pragma once
#include <optional>
#include <string>
#include <vector>

#include "trainer/plan/memory_plan.h"
#include "trainer/plan/time_plan.h"

namespace genesis::trainer {

/// A layout, what it needs and how long its step takes.
struct Layout {
  PlanInput input;
  MemoryPlan memory;
  TimePlan time;

  bool fits(const Machine& m) const { return double(memory.total()) <= m.memory_bytes; }
  /// Whether it also leaves what is not in the plan (kCardReserve). What is chosen here does.
  bool fits_with_reserve(const Machine& m) const {
    return double(memory.total()) + m.reserve_bytes <= m.memory_bytes;
  }
  double tokens_per_s() const { return double(input.step_tokens()) / time.step(); }
  /// The keys in which it differs from another: "zero_stage=1 gradient_checkpointing=full".
  std::string changes_from(const PlanInput& other) const;
};

Layout evaluate_layout(const PlanInput& input, const Machine& machine);

/// `input` with the policies of gradient checkpointing (a cheaper one, or none, for the rest of the blocks), and
/// the fewest blocks the first applies to, whose step is the shortest of those that fit with the reserve; where none does, of those that fit; gradient_checkpointing
/// full when none does that either.
PlanInput with_least_recompute(const PlanInput& input, const Machine& machine);

/// The fastest layout that fits with the reserve, over tensor_parallel_size, zero_stage,
/// gradient_checkpointing with its layers and the split of the same global batch into micro-batches; of
/// equally fast ones the one with the fewest changes. Nothing when none fits. Deterministic; under a second
/// for any model.
std::optional<Layout> best_layout(const PlanInput& input, const Machine& machine);

/// For a layout that does not fit: the first that does, with the reserve, of one change, in the order of what
/// they cost a run (zero_stage=1, master_weights=split, a smaller micro-batch, checkpointing, bf16-true, tensor parallelism, more
/// ranks), then of several; nothing when none helps.
std::optional<Layout> smallest_change(const PlanInput& input, const Machine& machine);

}  // namespace genesis::trainer
