#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "parallel/call.h"
#include "trainer/plan/plan_input.h"

namespace genesis::trainer {

/// Collective calls of a step that are alike.
struct PlannedCall {
  std::string what;   ///< "gradients", "weights", …
  std::string group;  ///< "dp", "tp", or "kv": the ranks that hold the same KV heads
  parallel::Collective collective = parallel::Collective::all_reduce;
  DType dtype = DType::f32;
  int64_t count = 0;     ///< as in parallel::Call
  int64_t times = 1;     ///< in a step
  bool overlaps = true;  ///< with backward (gradients) or forward (weights)
  int64_t calls = 1;     ///< that share the count of one time (activations of a pass, counted in bytes)

  int64_t bytes() const { return times * count * size_of(dtype); }  ///< as the log adds them up
};

/// The calls one rank makes in a step for gradients and weights: those of the run's log, in order. The calls
/// for activations of a pass together (models/qwen/tensor_traffic.h). The few numbers that ranks agree on
/// besides (loss, norm, decisions) are left out.
std::vector<PlannedCall> plan_traffic(const PlanInput& input);

/// Sum of bytes() of the calls of a group, as the log of that group's communicator adds them up.
int64_t logged_bytes(const std::vector<PlannedCall>& calls, const std::string& group);

}  // namespace genesis::trainer
