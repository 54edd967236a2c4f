#include "trainer/checkpoint/train_state.h"

#include <gtest/gtest.h>

#include <fstream>

#include "kernels/core/error.h"
#include "tests/support/temp_folder.h"

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
  const testing::TempFolder folder;
  write_train_state(folder.path() / "s.json", some_state());
  EXPECT_EQ(read_train_state(folder.path() / "s.json"), some_state());
}

TEST(TrainState, DamageIsNamed) {
  const testing::TempFolder folder;
  const auto file = folder.path() / "s.json";
  auto complaint = [&](const std::string& text) {
    std::ofstream(file) << text;
    try {
      read_train_state(file);
    } catch (const CheckpointError& e) {
      return std::string(e.what());
    }
    return std::string();
  };
  EXPECT_NE(complaint("{\"version\": 1, \"step\": 7}").find("consumed_rows"), std::string::npos);
  EXPECT_NE(complaint("{\"version\": 1, \"step\": \"7\"}").find("'step' has the wrong type"),
            std::string::npos);
  EXPECT_NE(complaint("{\"version\": 2}").find("version 2"), std::string::npos);
  EXPECT_NE(complaint("{\"version\": 1, \"st").find("s.json"), std::string::npos);
  EXPECT_THROW(read_train_state(folder.path() / "absent.json"), CheckpointError);
}

}  // namespace
}  // namespace genesis::trainer
