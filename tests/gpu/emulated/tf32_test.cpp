// Key `tf32`: an emulated card rounds factors as a real one does, so that what the key reaches can be seen.
#include "kernels/core/error.h"
#include "tests/gpu/card_case.h"
#include "tests/gpu/model/card_run.h"

namespace genesis::trainer {
namespace {

using namespace genesis::testing;

class EmulatedTf32 : public CardTest {};

double last_loss(const TinyRun& tiny, Precision precision, bool tf32) {
  TrainConfig c =
      config_on(tiny, DeviceChoice::cuda, std::string(spelling_of(precision)) + (tf32 ? "-tf32" : ""), 3);
  c.precision = precision;
  c.tf32 = tf32;
  return tiny.train(c).back().at("loss");
}

TEST_F(EmulatedTf32, RoundsProductsOfF32Alone) {
  const TinyRun tiny;
  const double f32 = last_loss(tiny, Precision::fp32, false),
               rounded = last_loss(tiny, Precision::fp32, true);
  EXPECT_NE(rounded, f32);
  EXPECT_NEAR(rounded, f32, 5e-3 * f32);
  EXPECT_EQ(last_loss(tiny, Precision::fp32, false), f32) << "a run without it after one with it";
  EXPECT_EQ(last_loss(tiny, Precision::bf16_mixed, true), last_loss(tiny, Precision::bf16_mixed, false));
}

}  // namespace
}  // namespace genesis::trainer
