// How often a step's host waits for its card, which only an emulated card can count.
#include "tests/cuda_emulation/streams.h"
#include "tests/gpu/card_case.h"
#include "tests/gpu/model/card_run.h"

namespace genesis::trainer {
namespace {

using namespace genesis::testing;

class EmulatedWaits : public CardTest {};

/// What two steps more cost a run.
int64_t waits_of_two_steps(const TinyRun& tiny, TrainConfig c) {
  int64_t waits[2];
  for (const int more : {0, 1}) {
    c.max_steps = 3 + 2 * more;
    c.output_dir = (tiny / "run").string();
    const int64_t before = emulation::host_waits();
    tiny.train(c);
    waits[more] = emulation::host_waits() - before;
    std::filesystem::remove_all(c.output_dir);
  }
  return waits[1] - waits[0];
}

TEST_F(EmulatedWaits, AStepWaitsOnce) {
  const TinyRun tiny;
  TrainConfig c = config_on(tiny, DeviceChoice::cuda, "first", 1);
  c.per_device_train_batch_size = 1;
  c.lr_scheduler_type = LrSchedulerType::constant;
  c.gradient_checkpointing = GradientCheckpointing::full;
  tiny.train(c);  // what a process makes once is there
  for (const Precision precision : {Precision::bf16_true, Precision::fp16_mixed}) {
    c.precision = precision;
    EXPECT_EQ(waits_of_two_steps(tiny, c), 2) << spelling_of(precision);
  }
  c.on_loss_spike = OnLossSpike::skip;
  EXPECT_GT(waits_of_two_steps(tiny, c), 2) << "numbers are read at once";
}

}  // namespace
}  // namespace genesis::trainer
