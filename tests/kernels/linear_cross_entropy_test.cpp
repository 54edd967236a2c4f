#include "kernels/linear_cross_entropy.h"

#include <gtest/gtest.h>

#include "tests/support/random_array.h"

namespace genesis::kernels {
namespace {

using testing::random_array;
using testing::values_of;
using testing::worst_error;
using Values = std::vector<double>;

/// |error| / (scale + |value|). f32: logits of size 1 and their sums; bf16: gradients are rounded to 2^-9
/// before the products and dx after them, losses stay f32.
double gradient_tolerance(DType t) { return t == DType::f64 ? 1e-13 : t == DType::f32 ? 2e-6 : 1.2e-2; }
double loss_tolerance(DType t) { return t == DType::f64 ? 1e-13 : 2e-6; }

struct Problem {
  Array x, weight, targets;
  Problem(int64_t rows, int64_t width, int64_t vocabulary, DType t, int ignore_every) {
    x = random_array({rows, width + 3}, t, 1).slice(1, 1, 1 + width);
    weight = random_array({vocabulary, width}, t, 2, 1 / std::sqrt(double(width)));
    std::vector<int32_t> labels;
    for (int64_t n = 0; n < rows; ++n)
      labels.push_back(ignore_every && n % ignore_every != 1 ? kIgnoredTarget
                                                             : int32_t(n * 7919 % vocabulary));
    targets = Array::from(labels, {rows});
  }
};

struct Answer {
  Values token_loss, lse, dx, dweight;
  double loss = 0;
};

Answer reference(const Problem& p, double scale) {
  const auto x = values_of(p.x), w = values_of(p.weight);
  const int64_t rows = p.x.dim(0), width = p.x.dim(1), vocabulary = p.weight.dim(0);
  Answer a{Values(size_t(rows), 0.0), Values(size_t(rows), 0.0), Values(x.size(), 0.0),
           Values(w.size(), 0.0)};
  for (int64_t n = 0; n < rows; ++n) {
    const int32_t target = p.targets.data<int32_t>()[n];
    if (target == kIgnoredTarget) continue;
    Values z(size_t(vocabulary), 0.0);
    double total = 0;
    for (int64_t v = 0; v < vocabulary; ++v) {
      for (int64_t h = 0; h < width; ++h) z[size_t(v)] += x[size_t(n * width + h)] * w[size_t(v * width + h)];
      total += std::exp(z[size_t(v)]);
    }
    a.lse[size_t(n)] = std::log(total);
    a.token_loss[size_t(n)] = std::log(total) - z[size_t(target)];
    a.loss += a.token_loss[size_t(n)];
    for (int64_t v = 0; v < vocabulary; ++v) {
      const double g = scale * (std::exp(z[size_t(v)]) / total - (v == target));
      for (int64_t h = 0; h < width; ++h) {
        a.dx[size_t(n * width + h)] += g * w[size_t(v * width + h)];
        a.dweight[size_t(v * width + h)] += g * x[size_t(n * width + h)];
      }
    }
  }
  return a;
}

struct Case {
  int64_t rows, width, vocabulary;
  int ignore_every;
};
const Case kCases[] = {{0, 4, 5, 0},     {1, 1, 1, 0},       {5, 8, 7, 3},
                       {4, 8, 7, 9},     {33, 32, 65, 0},    {40, 31, 129, 2},
                       {300, 16, 33, 3}, {130, 8, 30000, 0}, {110, 8, 30011, 2}};

TEST(LinearCrossEntropy, LossAndGradientsEqualTheFormula) {
  for (DType t : {DType::f64, DType::f32, DType::bf16})
    for (const Case& c : kCases)
      for (bool keep : {false, true})
        for (bool accumulate : {false, true}) {
          const DType wide = t == DType::f64 ? t : DType::f32;
          const double scale = accumulate ? 0.37 : 1.0;
          const Problem p(c.rows, c.width, c.vocabulary, t, c.ignore_every);
          const Answer wanted = reference(p, scale);
          const int64_t supervised = count_supervised(p.targets, c.vocabulary);
          Array loss = Array::empty({}, wide), token = Array::full({c.rows}, 5, wide),
                lse = Array::full({c.rows}, 5, wide);
          const Array kept = keep ? Array::empty({supervised, c.vocabulary}, t) : Array();
          run(LinearCrossEntropyForward{.x = p.x,
                                        .weight = p.weight,
                                        .targets = p.targets,
                                        .loss_sum = loss,
                                        .token_loss = token,
                                        .lse = lse,
                                        .kept = kept});
          const double size = 1 + std::log(double(c.vocabulary));
          EXPECT_LE(worst_error(values_of(token), wanted.token_loss, size), loss_tolerance(t));
          EXPECT_LE(worst_error(values_of(lse), wanted.lse, size), loss_tolerance(t));
          EXPECT_LE(worst_error(values_of(loss), {wanted.loss}, size), loss_tolerance(t));

          Array dx = Array::full({c.rows, c.width + 1}, 9, t).slice(1, 0, c.width);
          Array dw = random_array(p.weight.shape(), wide, 3);
          Values want_dw = accumulate ? values_of(dw) : Values(size_t(dw.numel()), 0.0);
          for (size_t i = 0; i < want_dw.size(); ++i) want_dw[i] += wanted.dweight[i];
          run(LinearCrossEntropyBackward{.x = p.x,
                                         .weight = p.weight,
                                         .targets = p.targets,
                                         .lse = lse,
                                         .kept = kept,
                                         .scale = scale,
                                         .dx = dx,
                                         .dweight = dw,
                                         .accumulate_dweight = accumulate});
          EXPECT_LE(worst_error(values_of(dx), wanted.dx, 1), gradient_tolerance(t))
              << c.rows << " x " << c.vocabulary;
          EXPECT_LE(worst_error(values_of(dw), want_dw, 1), gradient_tolerance(t))
              << c.rows << " x " << c.vocabulary;
          for (int64_t n = 0; n < c.rows; ++n)
            for (int64_t h = 0; h < c.width; ++h)
              if (p.targets.data<int32_t>()[n] == kIgnoredTarget) {
                ASSERT_EQ(values_of(dx.slice(0, n, n + 1))[size_t(h)], 0.0);
              }
        }
}

TEST(LinearCrossEntropy, ASurePredictionKeepsItsGradientInBf16) {
  Array x = Array::full({2, 1}, 1, DType::bf16);
  Array weight = Array::empty({2, 1}, DType::bf16);
  weight.data<bf16>()[0] = bf16(8.f), weight.data<bf16>()[1] = bf16(0.f);
  const Array targets = Array::from<int32_t>({0, 0}, {2});
  for (bool keep : {false, true}) {
    const Array kept = keep ? Array::empty({2, 2}, DType::bf16) : Array();
    Array loss = Array::empty({1}, DType::f32), lse = Array::empty({2}, DType::f32),
          dw = Array::zeros({2, 1}, DType::f32);
    run(LinearCrossEntropyForward{
        .x = x, .weight = weight, .targets = targets, .loss_sum = loss, .lse = lse, .kept = kept});
    run(LinearCrossEntropyBackward{
        .x = x, .weight = weight, .targets = targets, .lse = lse, .kept = kept, .dweight = dw});
    const double miss = 1 / (1 + std::exp(8.0));
    EXPECT_NEAR(dw.data<float>()[0], -2 * miss, 0.01 * miss);
    EXPECT_NEAR(dw.data<float>()[1], 2 * miss, 0.01 * miss);
  }
}

TEST(LinearCrossEntropy, LogitsLiveInWorkspaceAChunkAtATime) {
  const Problem p(1000, 8, 20000, DType::f32, 0);
  Array loss = Array::empty({1}, DType::f32);
  reset_peak_memory();
  const auto before = memory_stats();
  run(LinearCrossEntropyForward{.x = p.x, .weight = p.weight, .targets = p.targets, .loss_sum = loss});
  const int64_t peak =
      memory_stats().peak[int(MemoryCategory::workspace)] - before.current[int(MemoryCategory::workspace)];
  EXPECT_GT(peak, 0);
  EXPECT_LE(peak, 9 << 20);  // all of them would be 80 MB
  EXPECT_EQ(memory_stats().current_total, before.current_total);
}

TEST(LinearCrossEntropy, ErrorsNameTheTokenAndItsTarget) {
  Problem p(4, 8, 7, DType::f32, 0);
  p.targets.data<int32_t>()[2] = 7;
  Array loss = Array::empty({1}, DType::f32);
  const auto forward = [&] {
    run(LinearCrossEntropyForward{.x = p.x, .weight = p.weight, .targets = p.targets, .loss_sum = loss});
  };
  try {
    forward();
    FAIL() << "no error";
  } catch (const Error& e) {
    EXPECT_NE(std::string(e.what()).find("target of token 2 is 7"), std::string::npos) << e.what();
  }
  p.targets.data<int32_t>()[2] = -1;
  EXPECT_THROW(forward(), Error);
  p.targets.data<int32_t>()[2] = kIgnoredTarget;
  EXPECT_NO_THROW(forward());
  loss = Array::empty({1}, DType::f64);
  EXPECT_THROW(forward(), Error);
  EXPECT_THROW(run(LinearCrossEntropyBackward{.x = p.x, .weight = p.weight, .targets = p.targets}), Error);
  EXPECT_THROW(
      run(LinearCrossEntropyBackward{
          .x = p.x, .weight = p.weight, .targets = p.targets, .kept = Array::zeros({4, 7}, DType::f32)}),
      Error);
}

TEST(LinearCrossEntropy, KeepsOnlyWhatFitsTheBudget) {
  EXPECT_TRUE(keeps_logit_gradient(2048, 4096, DType::f32));
  EXPECT_FALSE(keeps_logit_gradient(2048, 151936, DType::bf16));
}

}  // namespace
}  // namespace genesis::kernels
