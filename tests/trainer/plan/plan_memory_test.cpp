// What a rank allocates is what was planned.
#include <gtest/gtest.h>

#include <fstream>

#include "tests/support/mpi_job.h"
#include "tests/trainer/plan/planned_run.h"
#include "trainer/plan/memory_plan.h"

namespace genesis::trainer {
namespace {

using genesis::testing::MpiJob;
using testing::EvenRun;
using testing::planned;
using testing::PlannedRun;

void expect_near_percent(int64_t got, int64_t want, double percent, const std::string& what) {
  EXPECT_NEAR(double(got), double(want), percent / 100 * double(want)) << what;
}

TEST(Plan, PredictsMemoryByCategory) {
  const EvenRun run;
  for (const auto precision : {Precision::fp32, Precision::bf16_mixed, Precision::bf16_true})
    for (const auto checkpointing : {GradientCheckpointing::none, GradientCheckpointing::full})
      for (const auto deterministic : {Deterministic::standard, Deterministic::full}) {
        TrainConfig c = run.config(
            fmt::format("memory-{}-{}-{}", int(precision), int(checkpointing), int(deterministic)));
        c.precision = precision;
        c.gradient_checkpointing = checkpointing;
        c.deterministic = deterministic;
        PlanInput in = planned(c, 1);
        in.row_tokens = run.length(c);
        const MemoryPlan plan = plan_memory(in);
        const MemoryStats stats = run.measure(c, 1);
        const std::string what = c.output_dir;
        EXPECT_EQ(run.grown(stats, MemoryCategory::parameters), plan.at(MemoryCategory::parameters)) << what;
        EXPECT_EQ(run.grown(stats, MemoryCategory::optimizer), plan.at(MemoryCategory::optimizer)) << what;
        expect_near_percent(run.grown(stats, MemoryCategory::gradients), plan.at(MemoryCategory::gradients),
                            3, what + " gradients");
        expect_near_percent(run.grown(stats, MemoryCategory::activations),
                            plan.at(MemoryCategory::activations), 3, what + " activations");
      }
}

TEST(Plan, PredictsMemoryOfEveryCheckpointingPolicy) {
  const EvenRun run;
  using enum GradientCheckpointing;
  const auto expect_planned = [&](GradientCheckpointing policy, int64_t layers, GradientCheckpointing rest) {
    TrainConfig c =
        run.config(fmt::format("policy-{}-{}-{}", spelling_of(policy), layers, spelling_of(rest)));
    c.precision = Precision::bf16_mixed;
    c.gradient_checkpointing = policy;
    c.gradient_checkpointing_layers = layers;
    c.gradient_checkpointing_rest = rest;
    PlanInput in = planned(c, 1);
    in.row_tokens = run.length(c);
    const MemoryStats stats = run.measure(c, 1);
    const MemoryPlan plan = plan_memory(in);
    for (const auto category : {MemoryCategory::activations, MemoryCategory::gradients})
      expect_near_percent(run.grown(stats, category), plan.at(category), 3, c.output_dir);
  };
  for (const auto policy : {selective, feed_forward, full})
    for (const int64_t layers : {-1, 1, 2}) expect_planned(policy, layers, none);
  expect_planned(feed_forward, 1, selective);
  expect_planned(full, 1, selective);
  expect_planned(full, 2, feed_forward);
}

TEST(Plan, PredictsNarrowGradientsToTheByte) {
  const EvenRun run;
  TrainConfig c = run.config("narrow");
  c.precision = Precision::bf16_true;
  const int64_t wide = plan_memory(planned(c, 1)).at(MemoryCategory::gradients);
  c.gradient_dtype = GradientDType::bf16;
  const int64_t narrow = plan_memory(planned(c, 1)).at(MemoryCategory::gradients);
  EXPECT_EQ(run.grown(run.measure(c, 1), MemoryCategory::gradients), narrow);
  EXPECT_LT(narrow, wide * 52 / 100);
}

TEST(Plan, PredictsSplitMastersToTheByte) {
  const EvenRun run;
  TrainConfig c = run.config("split-masters");
  c.precision = Precision::bf16_mixed;
  const MemoryPlan whole = plan_memory(planned(c, 1));
  c.master_weights = MasterForm::split;
  const MemoryPlan split = plan_memory(planned(c, 1));
  const MemoryStats stats = run.measure(c, 1);
  for (const auto category : {MemoryCategory::parameters, MemoryCategory::optimizer})
    EXPECT_EQ(run.grown(stats, category), split.at(category)) << name_of(category);
  EXPECT_LT(split.total(), whole.total());
}

TEST(Plan, StateAwayFromTheCardIsOnTheHost) {
  const EvenRun run;
  TrainConfig c = run.config("away");
  c.precision = Precision::bf16_mixed;
  c.offload_optimizer = true;
  PlanInput in = planned(c, 1);
  in.device = Device::cuda;
  const int64_t matrices = 2 * 640 * 64 + 3 * (4 * 64 * 64 + 3 * 64 * 160);  // elements with masters
  EXPECT_EQ(plan_memory(in).at(MemoryCategory::optimizer), 0);
  EXPECT_EQ(optimizer_state(in).masters, 4 * matrices);
  in.master_weights = MasterForm::split;
  EXPECT_EQ(optimizer_state(in).masters, 2 * matrices);
  in.device = Device::cpu;
  EXPECT_EQ(plan_memory(in).at(MemoryCategory::optimizer), optimizer_state(in).moments + 2 * matrices);
}

TEST(Plan, ShardedStateOfAllRanksIsWhatTheyMeasure) {
  const EvenRun run;
  for (const auto& [ranks, precision] :
       {std::pair{2, Precision::fp32}, {4, Precision::fp32}, {4, Precision::bf16_mixed}}) {
    TrainConfig c = run.config(fmt::format("sharded-{}-{}", ranks, int(precision)));
    c.precision = precision;
    c.zero_stage = 1;
    c.per_device_train_batch_size = 1;
    PlanInput in = planned(c, ranks);
    const MemoryStats stats = run.measure(c, ranks);
    const MemoryPlan plan = plan_memory(in);
    // Ranks are threads here: their bytes add up.
    expect_near_percent(run.grown(stats, MemoryCategory::optimizer),
                        ranks * plan.at(MemoryCategory::optimizer), 3, "optimizer");
    if (precision == Precision::bf16_mixed) continue;
    in.zero_stage = 0;
    expect_near_percent(plan.at(MemoryCategory::optimizer),
                        plan_memory(in).at(MemoryCategory::optimizer) / ranks, 3, "a share");
    expect_near_percent(run.grown(stats, MemoryCategory::gradients),
                        ranks * plan.at(MemoryCategory::gradients), 3, "gradients");
  }
}

/// Rank 0 of a job of processes: nothing of other ranks is in its figures.
void expect_planned_memory(const EvenRun& run, const PlannedRun& layout) {
  const TrainConfig c = layout.config(run);
  PlanInput in = planned(c, layout.ranks());
  in.row_tokens = run.length(c);
  const MemoryPlan plan = plan_memory(in);
  MpiJob job({"-n", std::to_string(layout.ranks()), GENESIS_PROGRAM, "train",
              run.write(c, layout.name() + ".yaml")});
  ASSERT_EQ(job.wait(120), 0) << layout.name() << ": " << job.output();
  std::ifstream file(std::filesystem::path(c.output_dir) / "summary.json");
  const auto memory = nlohmann::json::parse(file).at("memory");
  for (const auto category : {MemoryCategory::parameters, MemoryCategory::optimizer,
                              MemoryCategory::gradients, MemoryCategory::activations}) {
    const std::string name(name_of(category));
    expect_near_percent(memory.at(name).get<int64_t>(), plan.at(category), 3, layout.name() + " " + name);
  }
}

TEST(Plan, PredictsMemoryOfARankThatSharesTheModel) {
  const EvenRun run;
  for (const auto checkpointing : {GradientCheckpointing::none, GradientCheckpointing::full})
    for (const bool sequence : {false, true})
      expect_planned_memory(run, {.tp = 2, .sequence = sequence, .checkpointing = checkpointing});
  for (const auto checkpointing : {GradientCheckpointing::selective, GradientCheckpointing::feed_forward}) {
    expect_planned_memory(run, {.tp = 2, .sequence = false, .checkpointing = checkpointing});
    expect_planned_memory(run, {.tp = 2, .sequence = true, .checkpointing = checkpointing});
  }
  expect_planned_memory(run, {.tp = 4, .sequence = false, .kv_heads = 2, .qk_norm = true});
  expect_planned_memory(run, {.tp = 4, .sequence = true, .kv_heads = 1, .precision = Precision::bf16_mixed});
  expect_planned_memory(run, {.dp = 2, .tp = 2, .sequence = true, .zero = 1});
  expect_planned_memory(run, {.dp = 2, .zero = 1, .precision = Precision::bf16_mixed});
}

/// The shares that ranks have been promised: 1 / tp of parameters, gradients and what a block keeps, 1 / dp
/// of moments.
TEST(Plan, RanksHoldTheirShares) {
  const EvenRun run;
  const auto plan_of = [&](const PlannedRun& layout) {
    PlanInput in = planned(layout.config(run), layout.ranks());
    in.rows = 8;
    return plan_memory(in);
  };
  const MemoryPlan whole = plan_of({});
  for (const int tp : {2, 4}) {
    const MemoryPlan part = plan_of({.tp = tp, .sequence = true});
    for (const auto c : {MemoryCategory::parameters, MemoryCategory::gradients, MemoryCategory::optimizer})
      expect_near_percent(part.at(c) * tp, whole.at(c), 3, std::string(name_of(c)));
    EXPECT_LT(part.at(MemoryCategory::activations), whole.at(MemoryCategory::activations) * 3 / (2 * tp));
  }
  const MemoryPlan sharded = plan_of({.dp = 4, .zero = 1});
  expect_near_percent(sharded.at(MemoryCategory::optimizer) * 4, whole.at(MemoryCategory::optimizer), 3,
                      "moments");
}

}  // namespace
}  // namespace genesis::trainer
