// What a user is told when something is wrong with the card, which only an emulated one can play: the program
// itself, as a process of its own, under GENESIS_EMULATED_CARD.
#include <regex>

#include "tests/gpu/card_case.h"
#include "tests/gpu/model/card_run.h"
#include "tests/support/command_run.h"
#include "trainer/config/print.h"

namespace genesis::trainer {
namespace {

using namespace genesis::testing;

class EmulatedCardErrors : public CardTest {
 protected:
  /// `genesis train` of one step of `rows` rows on the card that `card` describes; `more`: keys of the
  /// command line.
  CommandRun train(const std::string& card, int64_t rows = 1, const std::string& more = "") const {
    TrainConfig c = config_on(tiny_, DeviceChoice::cuda, "run", 1);
    c.resume_from_checkpoint = "none";
    c.save_on_exit = false;
    c.global_batch_size = rows;
    c.warmup_steps = 0;
    const std::string file = tiny_.folder().write("run.yaml", write_resolved(c)).string();
    return run_command("OMP_NUM_THREADS=1 GENESIS_EMULATION_CHECK=0 GENESIS_EMULATED_CARD='" + card +
                       "' '" GENESIS_PROGRAM "' train '" + file + "' " + more);
  }

 private:
  TinyRun tiny_;
};

void expect_said(const CommandRun& run, int code, const std::string& text) {
  EXPECT_EQ(run.code(), code) << run.output;
  EXPECT_NE(run.output.find(text), std::string::npos) << text << " in:\n" << run.output;
}

TEST_F(EmulatedCardErrors, ACardThatCannotBeUsedIsNamedWithItsReason) {
  const int config = int(ExitCode::config);
  expect_said(
      train("capability=7.5"), config,
      "there is no GPU to use: emulated card has compute capability 7.5; 8.0 (Ampere) or newer is needed");
  expect_said(
      train("driver=12080"), config,
      "there is no GPU to use: the driver supports CUDA 12.8, this build needs 13.0: update the driver");
  expect_said(train("none"), config, "there is no GPU to use: a driver for CUDA 13.0 but no GPU");
  expect_said(train("held"), config, "another process holds GPU 0 (emulated card) exclusively");
}

TEST_F(EmulatedCardErrors, AutoSaysWhyItTakesTheCpu) {
  expect_said(train("driver=12080", 1, "--device auto"), 0,
              "device: CPU (the driver supports CUDA 12.8, this build needs 13.0: update the driver)");
}

/// Launches that are waited for name the kernel; otherwise the error says how to have it named.
TEST_F(EmulatedCardErrors, DebugNamesTheKernelThatFailed) {
  const int failure = int(ExitCode::failure);
  expect_said(train("illegal=20"), failure, "a kernel before this call failed: debug=true names it");
  const CommandRun named = train("illegal=20", 1, "--debug");
  expect_said(named, failure, "every kernel is waited for");
  EXPECT_TRUE(
      std::regex_search(named.output, std::regex("error: [a-z_]+(\\.[a-z_]+)?: [^;]*\\[launch\\.cuh:")))
      << named.output;
}

/// The setting that is named makes it fit.
TEST_F(EmulatedCardErrors, OutOfMemoryNamesASettingThatFits) {
  const std::string card = "memory=44M";
  const CommandRun full = train(card, 32, "--per_device_train_batch_size 32");
  expect_said(full, int(ExitCode::failure), "out of GPU memory: ");
  for (const char* part : {"asked for activations; in use: parameters ", "free on the card ",
                           "by `genesis plan` this run needs "})
    EXPECT_NE(full.output.find(part), std::string::npos) << part << " in:\n" << full.output;
  std::smatch change;
  ASSERT_TRUE(std::regex_search(full.output, change, std::regex("; ([a-z_0-9=. -]+) would make it fit \\(")))
      << full.output;
  std::string keys = change[1];
  EXPECT_NE(keys.find("per_device_train_batch_size="), std::string::npos) << keys;
  EXPECT_EQ(train(card, 32, keys).code(), 0) << keys;
}

}  // namespace
}  // namespace genesis::trainer
