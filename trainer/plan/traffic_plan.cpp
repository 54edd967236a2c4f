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

models::SplitPass pass_of(const PlanInput& in) {
  return {.tensor_parallel = in.tensor_parallel,
          .sequence_parallel = in.sequence_parallel,
          .tokens = in.tokens(),
          .supervised = in.supervised_tokens(),
          .activations = in.compute_dtype(),
          .parameters = in.parameter_dtype(),
          .gradient_checkpointing = false,
          .overlap = in.row_overlap()};
}

/// Activations of a pass, whose bytes are counted together.
void add_activations(std::vector<PlannedCall>& calls, const PlanInput& in, const char* what,
                     const models::LoggedTraffic& traffic, int64_t passes, Hiding hides, int64_t chunks) {
  if (traffic.calls == 0) return;
  calls.push_back({what, "tp", in.sequence_parallel ? Collective::all_gather : Collective::all_reduce,
                   DType::u8, traffic.bytes, passes, hides, traffic.calls, chunks});
}

void add_activations(std::vector<PlannedCall>& calls, const PlanInput& in, const models::TensorTraffic& pass,
                     int64_t passes) {
  const bool hides = in.row_overlap().chunks > 0;
  add_activations(calls, in, "activations", pass.waited, passes, Hiding::nothing, pass.chunks);
  add_activations(calls, in, pass.chunks > 1 ? "rows in chunks" : "rows", pass.beside, passes,
                  pass.chunks > 1 ? Hiding::products : Hiding::nothing, pass.chunks);
  add_activations(calls, in, "rows under dW", pass.under_weights, passes,
                  hides ? Hiding::weight_gradients : Hiding::nothing, pass.chunks);
}

/// One call of a few numbers.
PlannedCall numbers(const char* what, const char* group, DType dtype, int64_t count) {
  return {what, group, Collective::all_reduce, dtype, count};
}

/// Sums of the residual stream between the parts of a block, or gathers and scatters of its rows.
void add_tensor_parallel(std::vector<PlannedCall>& calls, const PlanInput& in) {
  if (in.tensor_parallel == 1) return;
  models::SplitPass split = pass_of(in);
  models::TensorTraffic pass = models::tensor_traffic(in.model, split);
  split.gradient_checkpointing = true;
  const models::LoggedTraffic all_again = models::tensor_traffic(in.model, split).beside;
  const int64_t layers = in.model.n_layer,
                again = in.recompute(0) == models::Recompute::block ? in.recomputed_layers() : 0;
  pass.beside += {(all_again.bytes - pass.beside.bytes) / layers * again,
                  (all_again.calls - pass.beside.calls) / layers * again};
  add_activations(calls, in, pass, in.forward_passes());
  if (pass.kv.calls > 0)
    calls.push_back({"KV gradients", "kv", Collective::all_reduce, DType::u8, pass.kv.bytes,
                     in.forward_passes(), Hiding::nothing, pass.kv.calls});
}

void add_gradients_and_weights(std::vector<PlannedCall>& calls, const PlanInput& in) {
  const int dp = in.data_parallel();
  if (dp == 1) return;
  const auto buckets = planned_buckets(in);
  const bool scatter = in.zero_stage >= 1;
  const Hiding hides = in.in_sample_order ? Hiding::nothing : Hiding::backward;
  for (const auto& b : buckets)
    add(calls,
        {"gradients", "dp", scatter ? Collective::reduce_scatter : Collective::all_reduce,
         b.gradient == DType::f32 ? in.reduce_dtype : b.gradient, b.count / (scatter ? dp : 1), 1, hides});
  if (!scatter) return;
  for (auto b = buckets.rbegin(); b != buckets.rend(); ++b)
    add(calls, {"weights", "dp", Collective::all_gather, b->weight, b->count / dp, 1, Hiding::forward});
}

/// The loss, the squares of each parameter's gradient, the loss scale's overflow, and the vote.
void add_numbers(std::vector<PlannedCall>& calls, const PlanInput& in) {
  const auto parameters = int64_t(parameter_sizes(in).size());
  const bool split = in.tensor_parallel > 1, many = in.data_parallel() > 1;
  if (many) calls.push_back(numbers("loss", "dp", DType::f64, in.in_sample_order ? in.step_rows() : 1));
  if (many && in.zero_stage >= 1) {
    PlannedCall squares = numbers("norm", "dp", DType::f64, parameters);
    if (in.in_sample_order && !split) {  // as pairs that carry their roundings (parallel/ordered/)
      squares.collective = Collective::all_gather;
      squares.count = 2 * parameters;
    }
    calls.push_back(squares);
  }
  if (split) calls.push_back(numbers("norm", "tp", DType::f64, parameters));
  if (many && in.precision == Precision::fp16_mixed)
    calls.push_back(numbers("overflow", "dp", DType::i64, 1));
  if (in.ranks > 1) calls.push_back(numbers("decisions", "world", DType::i64, 2));
}

}  // namespace

std::vector<PlannedCall> plan_traffic(const PlanInput& in) {
  std::vector<PlannedCall> calls;
  add_tensor_parallel(calls, in);
  add_gradients_and_weights(calls, in);
  add_numbers(calls, in);
  return calls;
}

std::vector<PlannedCall> plan_evaluation(const PlanInput& in, int64_t batches) {
  std::vector<PlannedCall> calls;
  if (in.tensor_parallel > 1) {
    models::SplitPass split = pass_of(in);
    split.forward_only = true;
    add_activations(calls, in, models::tensor_traffic(in.model, split), batches);
  }
  if (in.data_parallel() > 1) {
    calls.push_back(numbers("supervised tokens", "dp", DType::i64, 1));
    calls.push_back(numbers("weight", "dp", DType::f64, 1));
    calls.push_back(numbers("loss", "dp", DType::f64, 1));
  }
  return calls;
}

int64_t logged_bytes(const std::vector<PlannedCall>& calls, const std::string& group) {
  int64_t bytes = 0;
  for (const PlannedCall& c : calls)
    if (c.group == group) bytes += c.bytes();
  return bytes;
}

}  // namespace genesis::trainer
