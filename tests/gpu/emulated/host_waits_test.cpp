// How often a step's host waits for its card, which only an emulated card can count.
#include "tests/cuda_emulation/streams.h"
#include "tests/gpu/card_case.h"
#include "tests/gpu/model/card_model.h"
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

/// Turns of several weights go through the head once a weight; the seed stays a number of the host's.
TEST_F(EmulatedWaits, AWeightedLossWaitsForNothing) {
  const auto batch = models::TokenBatch::from_texts({{1, 5, 9, 33, 2, 7, 7}});
  const std::vector<models::WeightedTargets> parts = {
      {1.0, Array::from<int32_t>({5, 9, -100, -100, -100, -100, -100}, {7})},
      {0.5, Array::from<int32_t>({-100, -100, 4, 2, -100, -100, -100}, {7})},
      {3.0, Array::from<int32_t>({-100, -100, -100, -100, 7, 7, -100}, {7})}};
  std::vector<std::vector<double>> gradients;
  for (const Device device : {Device::cpu, Device::cuda}) {
    const auto model = model_on(device, small_config());
    for (int time = 0; time < 2; ++time) {
      for (const auto& [name, p] : model->named_parameters()) Tensor(p).zero_grad();
      const Tensor loss = model->loss_sum(batch, parts);
      const int64_t before = emulation::host_waits();
      loss.backward(Array::full(loss.shape(), 0.125, loss.dtype()));
      EXPECT_EQ(emulation::host_waits(), before) << name_of(device);
    }
    gradients.push_back(Tensor(model->named_parameters().front().second.grad()).tolist());
  }
  ASSERT_EQ(gradients[0].size(), gradients[1].size());
  for (size_t i = 0; i < gradients[0].size(); ++i) EXPECT_NEAR(gradients[1][i], gradients[0][i], 1e-5);
}

}  // namespace
}  // namespace genesis::trainer
