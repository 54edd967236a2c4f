#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "parallel/call.h"
#include "trainer/plan/plan_input.h"

namespace genesis::trainer {

/// What hides a call.
enum class Hiding : uint8_t {
  nothing,
  backward,         ///< gradients: but for the last one
  forward,          ///< weights: but for the first one
  products,         ///< activations, in chunks beside their products: but for one chunk
  weight_gradients  ///< activations, under the products of weight gradients
};

/// Collective calls of a step that are alike.
struct PlannedCall {
  std::string what;   ///< "gradients", "weights", …
  std::string group;  ///< "world", "dp", "tp", or "kv": the ranks that hold the same KV heads
  parallel::Collective collective = parallel::Collective::all_reduce;
  DType dtype = DType::f32;
  int64_t count = 0;  ///< as in parallel::Call
  int64_t times = 1;  ///< in a step
  Hiding hides = Hiding::nothing;
  int64_t calls = 1;   ///< that share the count of one time (activations of a pass, counted in bytes)
  int64_t chunks = 1;  ///< of each exchange of activations

  int64_t bytes() const { return times * count * size_of(dtype); }  ///< as the log adds them up
};

/// Every call one rank makes in a step, as the run's log has them: gradients and weights one by one and in
/// order, the activations of a pass together (models/qwen/tensor_traffic.h), then the numbers that ranks
/// agree on: norm, loss, and whether and how to go on (trainer/control/step_vote.h). Checks that a key asks
/// for every so many steps (replica_check_steps) and saving are not part of a step. With tensor_parallel 1
/// the run's dp group is its world.
std::vector<PlannedCall> plan_traffic(const PlanInput& input);

/// The same of an evaluation in which this rank meets `batches` micro-batches of input.tokens() tokens.
std::vector<PlannedCall> plan_evaluation(const PlanInput& input, int64_t batches);

/// Sum of bytes() of the calls of a group, as the log of that group's communicator adds them up
/// (summary.json, logged_bytes).
int64_t logged_bytes(const std::vector<PlannedCall>& calls, const std::string& group);

}  // namespace genesis::trainer
