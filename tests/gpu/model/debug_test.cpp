// debug=true on a card: what a run shows, and where it stops.
#include "kernels/core/error.h"
#include "kernels/core/profile.h"
#include "tests/gpu/card_case.h"
#include "tests/gpu/model/card_run.h"

namespace genesis::trainer {
namespace {

using namespace genesis::testing;

class CardDebug : public CardTest {
 protected:
  void TearDown() override {  // the run leaves both on
    cuda::set_launch_blocking(false);
    set_profiling(false);
  }
};

TrainConfig debugged(const TinyRun& tiny) {
  TrainConfig c = config_on(tiny, DeviceChoice::cuda, "debug", 2);
  c.debug = true;
  return c;
}

TEST_F(CardDebug, ARunShowsMemoryByLayerAndTimeByKernel) {
  const TinyRun tiny;
  ::testing::internal::CaptureStderr();
  tiny.train(debugged(tiny));
  const std::string said = ::testing::internal::GetCapturedStderr();
  EXPECT_TRUE(cuda::launch_blocking());
  for (const char* part : {"every kernel is waited for", "layers.0", "layers.1", "final_norm", "optimizer",
                           "category", "attention.forward", "linear.backward", "adamw", "share"})
    EXPECT_NE(said.find(part), std::string::npos) << part << " in:\n" << said;
}

TEST_F(CardDebug, NamesTheFirstOperationWithANan) {
  const TinyRun tiny;
  TrainConfig c = debugged(tiny);
  c.learning_rate = 1e30;
  c.warmup_steps = 0;
  try {
    tiny.train(c);
    FAIL() << "weights of 1e30 went unnoticed";
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), ExitCode::numerics) << e.what();
    EXPECT_NE(std::string(e.what()).find("output 0 holds"), std::string::npos) << e.what();
  }
}

}  // namespace
}  // namespace genesis::trainer
