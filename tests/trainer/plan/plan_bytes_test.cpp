// What a run logs is what was planned, to the byte.
#include <gtest/gtest.h>

#include "tests/trainer/plan/planned_run.h"
#include "trainer/plan/traffic_plan.h"

namespace genesis::trainer {
namespace {

using testing::EvenRun;
using testing::planned;
using testing::PlannedRun;

/// What rank 0 says of a run on threads.
RunSummary summary_of(const TrainConfig& c, int ranks) {
  RunSummary of_first;
  parallel::LocalGroup::run(ranks, [&](parallel::Communicator& group) {
    const RunSummary summary = run_training(c, 1, group);
    if (group.rank() == 0) of_first = summary;
  });
  return of_first;
}

/// Planned bytes as a run counts them: groups of several ranks; with one rank a copy, dp is the world.
GroupBytes planned_bytes(const std::vector<PlannedCall>& calls, const PlanInput& in, int64_t times) {
  GroupBytes bytes;
  if (in.ranks > 1) bytes["world"] = 0;
  if (in.tensor_parallel > 1) bytes["tp"] = 0;
  if (in.tensor_parallel > 1 && in.data_parallel() > 1) bytes["dp"] = 0;
  if (in.model.n_kv_head < in.tensor_parallel) bytes["kv"] = 0;
  for (const PlannedCall& call : calls)
    bytes[in.tensor_parallel == 1 ? "world" : call.group] += times * call.bytes();
  return bytes;
}

void expect_planned_bytes(const EvenRun& run, const PlannedRun& layout) {
  TrainConfig c = layout.config(run);
  c.eval_dataset = c.dataset;  // rows of the same length
  PlanInput in = planned(c, layout.ranks());
  in.row_tokens = run.length(c);
  const RunSummary summary = summary_of(c, layout.ranks());
  EXPECT_EQ(summary.step_bytes, planned_bytes(plan_traffic(in), in, c.max_steps)) << layout.name();
  const int64_t batches = EvenRun::kRows / in.rows / layout.dp;
  EXPECT_EQ(summary.eval_bytes, planned_bytes(plan_evaluation(in, batches), in, 1)) << layout.name();
}

TEST(Plan, PredictsTheLoggedBytesOfDataParallelExactly) {
  const EvenRun run;
  for (const int dp : {2, 4})
    for (const int64_t zero : {0, 1})
      for (const auto reduce : {GradientDType::f32, GradientDType::bf16})
        for (const auto precision : {Precision::fp32, Precision::bf16_mixed, Precision::bf16_true})
          expect_planned_bytes(run, {.dp = dp, .zero = zero, .precision = precision, .reduce = reduce});
  for (const int64_t zero : {0, 1})
    expect_planned_bytes(run, {.dp = 2, .zero = zero, .deterministic = Deterministic::full});
}

TEST(Plan, PredictsTheLoggedBytesOfTensorParallelExactly) {
  const EvenRun run;
  for (const bool sequence : {false, true})
    for (const auto precision : {Precision::fp32, Precision::bf16_mixed, Precision::bf16_true})
      for (const auto checkpointing : {GradientCheckpointing::none, GradientCheckpointing::full})
        expect_planned_bytes(
            run, {.tp = 2, .sequence = sequence, .precision = precision, .checkpointing = checkpointing});
  // Fewer KV heads than ranks, QK-norm, and both ways of sharing at once.
  for (const bool sequence : {false, true}) {
    expect_planned_bytes(run, {.tp = 2, .sequence = sequence, .kv_heads = 1});
    expect_planned_bytes(run, {.tp = 2, .sequence = sequence, .overlap = 3});
    expect_planned_bytes(run, {.tp = 4, .sequence = sequence, .kv_heads = 2, .qk_norm = true});
    expect_planned_bytes(run,
                         {.tp = 4, .sequence = sequence, .kv_heads = 1, .precision = Precision::bf16_mixed});
    expect_planned_bytes(run, {.dp = 2, .tp = 2, .sequence = sequence, .zero = 1, .kv_heads = 1});
  }
}

TEST(Plan, PredictsTheLoggedBytesOfWeightedAnswersExactly) {
  const EvenRun run(true);
  for (const bool sequence : {false, true}) {
    expect_planned_bytes(run, {.tp = 2, .sequence = sequence});
    expect_planned_bytes(run, {.dp = 2, .tp = 2, .sequence = sequence, .zero = 1, .overlap = 2});
  }
}

}  // namespace
}  // namespace genesis::trainer
