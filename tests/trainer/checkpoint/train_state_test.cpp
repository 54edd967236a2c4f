#include "trainer/checkpoint/train_state.h"

#include <gtest/gtest.h>

#include "tests/support/error_message.h"

namespace genesis::trainer {
namespace {

TrainState some_state() {
  return {.step = 7,
          .consumed_rows = 99,
          .seed = 3,
          .tokens = 1234,
          .supervised_tokens = 56,
          .seconds = 1.25,
          .dataset_digest = "abc",
          .global_batch_size = 8};
}

TEST(TrainState, SurvivesTheFile) {
  TrainState s = some_state();
  EXPECT_EQ(parse_train_state(write_train_state(s), "s.json"), s);
  s.grad_scale = 65536;
  s.grad_scale_good_steps = 12;
  s.recent_losses = {0.1 + 0.2, 1e-300, 7};
  s.best_eval_loss = 1.0 / 3.0;
  s.best_step = 4;
  EXPECT_EQ(parse_train_state(write_train_state(s), "s.json"), s);
}

TEST(TrainState, DamageIsNamed) {
  const auto complaint = [](const std::string& text) {
    return testing::message_of<CheckpointError>([&] { parse_train_state(text, "run/s.json"); });
  };
  EXPECT_NE(complaint("{\"step\": 7}").find("run/s.json: key 'consumed_rows' is missing"), std::string::npos);
  EXPECT_NE(complaint("{\"step\": \"7\"}").find("'step' has the wrong type"), std::string::npos);
  EXPECT_NE(complaint("{\"step\": 7.5}").find("'step' has the wrong type"), std::string::npos);
  EXPECT_NE(complaint("{\"st").find("run/s.json"), std::string::npos);
}

}  // namespace
}  // namespace genesis::trainer
