#include "models/generation/generate.h"
#include "tests/cuda_emulation/streams.h"
#include "tests/gpu/card_case.h"
#include "tests/gpu/model/card_model.h"

namespace genesis::models {
namespace {

using namespace genesis::testing;

class EmulatedTokenWaits : public CardTest {};

TEST_F(EmulatedTokenWaits, ATokenWaitsOnce) {
  const auto model = model_on(Device::cuda, small_config());
  const auto waits = [&](int64_t tokens) {
    const int64_t before = emulation::host_waits();
    generate(*model, {{3, 4, 5}, {9, 1}}, {.max_new_tokens = tokens, .do_sample = true, .top_p = 0.9});
    return emulation::host_waits() - before;
  };
  waits(8);  // what is made once
  EXPECT_EQ(waits(14) - waits(8), 6);
}

}  // namespace
}  // namespace genesis::models
