#include "kernels/cross_entropy.h"

#include "kernels/core/run.h"
#include "tests/support/arrays.h"
#include "tests/support/error_message.h"
#include "tests/support/tolerance.h"

namespace genesis::kernels {
namespace {

using namespace genesis::testing;

TEST(CrossEntropy, MatchesTheFormula) {
  for (DType t : kComputeTypes) {
    const DType at = t == DType::f64 ? t : DType::f32;
    for (const auto& [rows, classes] :
         std::vector<std::pair<int64_t, int64_t>>{{0, 5}, {1, 1}, {31, 32}, {33, 33}, {20, 5003}}) {
      Array logits = random_array({rows, classes}, t, 1, 3.0), targets = random_ids({rows}, classes, 2);
      for (int64_t n = 2; n < rows; n += 3) targets.data<int32_t>()[n] = -100;
      Array loss = Array::empty({rows}, at), lse = Array::empty({rows}, at);
      run(CrossEntropyForward{.logits = logits, .targets = targets, .loss = loss, .lse = lse});
      Array dloss = random_array({rows}, at, 3), dlogits = Array::empty({rows, classes}, t);
      run(CrossEntropyBackward{
          .dloss = dloss, .logits = logits, .targets = targets, .lse = lse, .dlogits = dlogits});
      Array one = Array::full({1}, 0.25, at).expand({rows}), uniform = Array::empty({rows, classes}, t);
      run(CrossEntropyBackward{
          .dloss = one, .logits = logits, .targets = targets, .lse = lse, .dlogits = uniform});

      const auto x = values_of(logits), g = values_of(dloss);
      std::vector<double> want, want_lse, dwant, uwant;
      for (size_t n = 0; n < size_t(rows); ++n) {
        const int32_t target = targets.data<int32_t>()[n];
        double sum = 0;
        for (size_t v = 0; v < size_t(classes); ++v) sum += std::exp(x[n * size_t(classes) + v]);
        const bool counts = target >= 0;
        want_lse.push_back(counts ? std::log(sum) : 0);
        want.push_back(counts ? std::log(sum) - x[n * size_t(classes) + size_t(target)] : 0);
        for (size_t v = 0; v < size_t(classes); ++v) {
          const double slope = std::exp(x[n * size_t(classes) + v]) / sum - (int32_t(v) == target);
          dwant.push_back(counts ? g[n] * slope : 0);
          uwant.push_back(counts ? 0.25 * slope : 0);
        }
      }
      expect_close(loss, want, Tolerance::sum(at), "loss");
      expect_close(lse, want_lse, Tolerance::sum(at), "lse");
      expect_close(dlogits, dwant, Tolerance::sum(t), "dlogits");
      expect_close(uniform, uwant, Tolerance::sum(t), "one dloss for all");
    }
  }
}

TEST(CrossEntropy, StaysFiniteForHugeLogits) {
  Array logits = Array::from(std::vector<float>{1e30f, 0, -1e30f, 0, 0, 1e4f}, {2, 3}),
        targets = Array::from(std::vector<int32_t>{0, 2}, {2});
  Array loss = Array::empty({2}, DType::f32), lse = Array::empty({2}, DType::f32);
  run(CrossEntropyForward{.logits = logits, .targets = targets, .loss = loss, .lse = lse});
  EXPECT_EQ(values_of(loss), (std::vector<double>{0, 0}));
}

TEST(CrossEntropy, NamesATargetOutsideTheClasses) {
  Array logits = Array::zeros({2, 3}, DType::f32), loss = Array::zeros({2}, DType::f32);
  for (int32_t wrong : {3, -1}) {
    Array targets = Array::from(std::vector<int32_t>{0, wrong}, {2});
    const auto text = message_of<Error>(
        [&] { run(CrossEntropyForward{.logits = logits, .targets = targets, .loss = loss, .lse = loss}); });
    EXPECT_NE(text.find("targets[1] = " + std::to_string(wrong) + " is outside [0, 3)"), std::string::npos)
        << text;
  }
}

}  // namespace
}  // namespace genesis::kernels
