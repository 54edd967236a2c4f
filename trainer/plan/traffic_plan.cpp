#include "trainer/plan/traffic_plan.h"

#include "models/qwen/tensor_traffic.h"
#include "trainer/plan/memory_plan.h"

namespace genesis::trainer {
namespace {

using parallel::Collective;

void add(std::vector<PlannedCall>& calls, const PlannedCall& call) {
  if (!calls.empty()) {
    PlannedCall& last = calls.back();
    if (last.what == call.what && last.dtype == call.dtype && last.count == call.count &&
        last.collective == call.collective) {
      last.times += call.times;
      return;
    }
  }
  calls.push_back(call);
}

/// Sums of the residual stream between the parts of a block, or gathers and scatters of its rows.
void add_tensor_parallel(std::vector<PlannedCall>& calls, const PlanInput& in) {
  if (in.tensor_parallel == 1) return;
  const bool again = in.checkpointing == GradientCheckpointing::full;
  const models::TensorTraffic pass =
      models::tensor_traffic(in.model, {.tensor_parallel = in.tensor_parallel,
                                        .sequence_parallel = in.sequence_parallel,
                                        .tokens = in.tokens(),
                                        .supervised = in.supervised_tokens(),
                                        .activations = in.compute_dtype(),
                                        .parameters = in.parameter_dtype(),
                                        .gradient_checkpointing = again});
  const int64_t of_block = in.sequence_parallel ? (again ? 14 : 10) : (again ? 6 : 4);
  calls.push_back({"activations", "tp",
                   in.sequence_parallel ? Collective::all_gather : Collective::all_reduce, DType::u8, pass.tp,
                   in.forward_passes(), false, of_block * in.model.n_layer + 5});
  if (pass.kv > 0)
    calls.push_back({"KV gradients", "kv", Collective::all_reduce, DType::u8, pass.kv, in.forward_passes(),
                     false, in.model.n_layer});
}

}  // namespace

std::vector<PlannedCall> plan_traffic(const PlanInput& in) {
  std::vector<PlannedCall> calls;
  add_tensor_parallel(calls, in);
  const int dp = in.data_parallel();
  if (dp == 1) return calls;
  const auto buckets = planned_buckets(in);
  const bool scatter = in.zero_stage >= 1;
  const bool hides = !in.in_sample_order;
  for (const auto& b : buckets)
    add(calls, {"gradients", "dp", scatter ? Collective::reduce_scatter : Collective::all_reduce,
                in.reduce_dtype, b.count / (scatter ? dp : 1), 1, hides});
  if (!scatter) return calls;
  for (auto b = buckets.rbegin(); b != buckets.rend(); ++b)
    add(calls, {"weights", "dp", Collective::all_gather, b->weight, b->count / dp, 1, true});
  return calls;
}

int64_t logged_bytes(const std::vector<PlannedCall>& calls, const std::string& group) {
  int64_t bytes = 0;
  for (const PlannedCall& c : calls)
    if (c.group == group) bytes += c.bytes();
  return bytes;
}

}  // namespace genesis::trainer
