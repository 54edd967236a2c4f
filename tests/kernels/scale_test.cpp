#include "kernels/scale.h"

#include "kernels/core/run.h"
#include "tests/support/arrays.h"
#include "tests/support/error_message.h"
#include "tests/support/tolerance.h"

namespace genesis::kernels {
namespace {

using namespace genesis::testing;

TEST(Scale, MultipliesAListInPlace) {
  Scale o{.factor = -0.37};
  std::vector<std::vector<double>> want;
  for (DType t : kComputeTypes) {
    for (int64_t n : {0, 1, 31, 32, 33, 50001}) {
      o.arrays.push_back(random_array({n}, t, uint64_t(n)));
      want.push_back(values_of(o.arrays.back()));
      for (double& v : want.back()) v *= o.factor;
    }
  }
  const uint64_t version = o.arrays[1].storage().version();
  run(o);
  EXPECT_GT(o.arrays[1].storage().version(), version);
  for (size_t i = 0; i < want.size(); ++i)
    expect_close(o.arrays[i], want[i], Tolerance::pointwise(o.arrays[i].dtype()), "x");
  o.arrays = {Array::zeros({2}, DType::i32)};
  EXPECT_NE(message_of<Error>([&] { run(o); }).find("array holds i32"), std::string::npos);
}

}  // namespace
}  // namespace genesis::kernels
