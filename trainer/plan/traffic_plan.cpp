#include "trainer/plan/traffic_plan.h"

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

/// Four sums of the residual stream a layer (two forward, two backward), one of the embedding forward, one of
/// the head's input backward; with checkpointing the forward ones twice.
void add_tensor_parallel(std::vector<PlannedCall>& calls, const PlanInput& in) {
  if (in.tensor_parallel == 1) return;
  const int64_t rows = in.tokens() * in.model.n_embd;
  const int64_t again = in.checkpointing == GradientCheckpointing::full ? 2 : 1;
  calls.push_back({"activations", "tp", Collective::all_reduce, in.compute_dtype(), rows,
                   in.forward_passes() * ((2 * again + 2) * in.model.n_layer + 2), false});
  calls.push_back({"token losses", "tp", Collective::all_reduce, DType::f32, in.supervised_tokens(),
                   3 * in.forward_passes(), false});
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
