// What `genesis plan` says of a run's memory, against what it holds on a card.
#include "tests/gpu/card_case.h"
#include "tests/trainer/plan/planned_run.h"
#include "trainer/plan/memory_plan.h"

namespace genesis::trainer {
namespace {

using namespace genesis::testing;

class CardPlan : public CardTest {};

struct Case {
  Precision precision;
  GradientCheckpointing checkpointing;
  bool weighted;
};

TEST_F(CardPlan, CoversWhatARunHolds) {
  for (const auto& [precision, checkpointing, weighted] :
       {Case{Precision::fp32, GradientCheckpointing::none, false},
        Case{Precision::bf16_mixed, GradientCheckpointing::none, true},
        Case{Precision::bf16_true, GradientCheckpointing::full, false}}) {
    const testing::EvenRun run(weighted);
    TrainConfig c = run.config(fmt::format("{}-{}", spelling_of(precision), weighted));
    c.device = DeviceChoice::cuda;
    c.precision = precision;
    c.gradient_checkpointing = checkpointing;
    c.per_device_train_batch_size = c.global_batch_size = 2;
    PlanInput in = testing::planned(c, 1);
    in.device = Device::cuda;
    in.row_tokens = run.length(c);
    const MemoryPlan plan = plan_memory(in);
    reset_peak_memory();
    const MemoryStats before = memory_stats(Device::cuda);
    parallel::LocalGroup::run(1, [&](parallel::Communicator& group) { run_training(c, 1, group); });
    const MemoryStats after = memory_stats(Device::cuda);
    for (const auto category :
         {MemoryCategory::parameters, MemoryCategory::optimizer, MemoryCategory::gradients,
          MemoryCategory::activations, MemoryCategory::workspace}) {
      const auto i = size_t(category);
      // Workspaces stay for the next run: a process's first one shows them whole.
      const int64_t held = after.peak[i] - before.current[i];
      const std::string what = fmt::format("{}: {}", c.output_dir, name_of(category));
      EXPECT_LE(double(held), 1.03 * double(plan.at(category))) << what;
      if (category != MemoryCategory::workspace) {
        EXPECT_GE(double(held), 0.97 * double(plan.at(category))) << what;
      }
    }
  }
}

}  // namespace
}  // namespace genesis::trainer
