#pragma once
#include <vector>

#include "trainer/plan/machine.h"
#include "trainer/plan/plan_input.h"
#include "trainer/plan/traffic_plan.h"

namespace genesis::trainer {

/// Seconds of one call:
///   all_reduce                    2 (n - 1) hop + 2 (n - 1)/n S/B + call
///   reduce_scatter, all_gather      (n - 1) hop +   (n - 1)/n S/B + call
/// S the bytes of the whole buffer, B and hop those of the slowest link of the group of n.
double seconds_of(const PlannedCall& call, const PlanInput& input, const Machine& machine);

/// Seconds of one step of one rank.
struct TimePlan {
  double products = 0;     ///< matrix products: 6 N_mm tokens, 8 where blocks are recomputed
  double attention = 0;    ///< 6 L (A d) s a token, causal counted half
  double elementwise = 0;  ///< norms, activations, residual sums: bytes moved
  double optimizer = 0;
  double communication = 0;  ///< all of it
  double exposed = 0;        ///< what backward and forward do not hide
  double recomputed = 0;     ///< share of the FLOPs that compute again what was not kept; no time of its own

  double compute() const { return products + attention + elementwise + optimizer; }
  double step() const { return compute() + exposed; }
};

TimePlan plan_time(const PlanInput& input, const Machine& machine);

/// Model FLOPs of a token, forward and backward: 6 N_mm + 6 L (A d) s; the convention of docs/performance.md.
double flops_of_token(const PlanInput& input);

}  // namespace genesis::trainer
