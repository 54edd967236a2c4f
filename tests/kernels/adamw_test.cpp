#include "kernels/adamw.h"

#include "kernels/copy.h"
#include "kernels/core/run.h"
#include "tests/support/arrays.h"
#include "tests/support/error_message.h"
#include "tests/support/tolerance.h"

namespace genesis::kernels {
namespace {

using namespace genesis::testing;

AdamWTensor make_tensor(int64_t n, DType t, DType grad_type, uint64_t stream) {
  AdamWTensor a{random_array({n}, t, stream), random_array({n}, grad_type, stream + 1),
                random_array({n}, t, stream + 2, 0.1), random_array({n}, t, stream + 3, 0.1)};
  fill_with(a.v, [v = values_of(a.v)](int64_t i) { return v[size_t(i)] * v[size_t(i)]; });
  a.id = stream;
  return a;
}

struct Wanted {
  std::vector<double> w, m, v;
  Wanted(const AdamW& o, const AdamWTensor& t) : w(values_of(t.param)), m(values_of(t.m)), v(values_of(t.v)) {
    const auto grad = values_of(t.grad);
    for (size_t i = 0; i < w.size(); ++i) {
      const double g = grad[i] * o.grad_scale;
      if (t.decay) w[i] *= 1 - o.lr * o.weight_decay;
      m[i] = o.beta1 * m[i] + (1 - o.beta1) * g;
      v[i] = o.beta2 * v[i] + (1 - o.beta2) * g * g;
      const double mhat = m[i] / (1 - std::pow(o.beta1, o.step)),
                   vhat = v[i] / (1 - std::pow(o.beta2, o.step));
      w[i] -= o.lr * mhat / (std::sqrt(vhat) + o.eps);
    }
  }
};

AdamW make_step(DType t, DType grad_type) {
  AdamW o{.lr = 0.02,
          .beta1 = 0.9,
          .beta2 = 0.95,
          .eps = 1e-3,
          .weight_decay = 0.3,
          .step = 3,
          .grad_scale = 0.5};
  uint64_t stream = 10;
  for (int64_t n : {1, 0, 31, 32, 33, 16384, 40001})
    o.tensors.push_back(make_tensor(n, t, grad_type, stream += 10));
  for (size_t i = 0; i < o.tensors.size(); i += 2) o.tensors[i].decay = true;
  o.rounding = {5, 77};
  return o;
}

TEST(AdamW, MatchesTheFormulaOverAList) {
  for (const auto& [t, grad_type] : std::vector<std::pair<DType, DType>>{{DType::f64, DType::f64},
                                                                         {DType::f32, DType::f32},
                                                                         {DType::f32, DType::bf16},
                                                                         {DType::bf16, DType::bf16},
                                                                         {DType::bf16, DType::f32}}) {
    const AdamW o = make_step(t, grad_type);
    std::vector<Wanted> wanted;
    for (const auto& tensor : o.tensors) wanted.emplace_back(o, tensor);
    const uint64_t version = o.tensors[0].param.storage().version();
    run(o);
    EXPECT_GT(o.tensors[0].param.storage().version(), version);
    // Stochastic rounding may go to the farther neighbour: two roundoffs.
    const double tolerance = t == DType::bf16 ? 0.008 : Tolerance::pointwise(t);
    for (size_t i = 0; i < wanted.size(); ++i) {
      expect_close(o.tensors[i].param, wanted[i].w, tolerance, "param");
      expect_close(o.tensors[i].m, wanted[i].m, tolerance, "m");
      expect_close(o.tensors[i].v, wanted[i].v, tolerance, "v");
    }
  }
}

TEST(AdamW, StochasticRoundingKeepsTheMean) {
  // Each step moves w by 1e-3, an eighth of a bf16 unit at 1: nearest rounding would never leave 1.
  const int64_t n = 50000;
  AdamW o{.lr = 1e-3, .beta1 = 0, .beta2 = 0, .eps = 0, .weight_decay = 0};
  o.tensors = {{Array::full({n}, 1.5, DType::bf16), Array::full({n}, -1, DType::bf16),
                Array::zeros({n}, DType::bf16), Array::zeros({n}, DType::bf16), false, 1}};
  for (int step = 0; step < 8; ++step) {
    o.rounding = {1, uint64_t(step)};
    run(o);
  }
  double mean = 0;
  for (double w : values_of(o.tensors[0].param)) mean += w / double(n);
  EXPECT_NEAR(mean, 1.508, 3e-4);
}

TEST(AdamW, ShardsRoundAsTheWholeTensorDoes) {
  AdamW whole{.lr = 0.01, .rounding = {3, 4}};
  whole.tensors = {make_tensor(5001, DType::bf16, DType::bf16, 20)};
  AdamW cut = whole;
  const AdamWTensor copy = make_tensor(5001, DType::bf16, DType::bf16, 20);
  cut.tensors.clear();
  for (const auto& [begin, end] :
       std::vector<std::pair<int64_t, int64_t>>{{0, 777}, {777, 2050}, {2050, 5001}}) {
    AdamWTensor shard = copy;
    for (Array* a : {&shard.param, &shard.grad, &shard.m, &shard.v}) *a = a->slice(0, begin, end);
    shard.first_element = uint64_t(begin);
    cut.tensors.push_back(shard);
  }
  run(whole);
  run(cut);
  expect_identical(copy.param, whole.tensors[0].param, "param");
  expect_identical(copy.v, whole.tensors[0].v, "v");
}

/// The tensor with its f32 master taken apart, cut at `cuts`.
std::vector<AdamWTensor> split_tensors(const AdamWTensor& whole, const std::vector<int64_t>& cuts) {
  AdamWTensor t = whole;
  const int64_t n = whole.param.numel();
  t.param = Array::empty({n}, DType::bf16);
  t.remainder = Array::empty({n, 2}, DType::u8);
  t.m = converted_copy(whole.m, DType::f32);
  t.v = converted_copy(whole.v, DType::f32);
  run(SplitMaster{.master = whole.param, .into = t.split()});
  std::vector<AdamWTensor> parts;
  for (size_t i = 0; i + 1 < cuts.size(); ++i) {
    parts.push_back(t);
    for (Array* a :
         {&parts.back().param, &parts.back().grad, &parts.back().m, &parts.back().v, &parts.back().remainder})
      *a = a->slice(0, cuts[i], cuts[i + 1]);
  }
  return parts;
}

TEST(AdamW, ASplitMasterTakesTheStepsOfAWholeOne) {
  const int64_t n = 40001;
  for (const DType grad : {DType::f32, DType::bf16})
    for (const double lr : {1e-5, 0.02, 0.0}) {
      AdamW whole = make_step(DType::f32, grad);
      whole.lr = lr;  // 0 leaves the ties that are there
      whole.tensors = {make_tensor(n, DType::f32, grad, 70)};
      whole.tensors[0].decay = true;
      const Array& master = whole.tensors[0].param;
      for (int64_t i = 0; i < n; i += 5)
        master.data<float>()[i] =
            std::bit_cast<float>((std::bit_cast<uint32_t>(master.data<float>()[i]) & 0xffff0000u) | 0x8000u);
      AdamW split = whole;
      split.tensors = split_tensors(whole.tensors[0], {0, 33, 16384, 16391, n});
      for (int step = 1; step <= 6; ++step) {
        whole.step = split.step = step;
        run(whole);
        run(split);
        int64_t at = 0;
        for (const AdamWTensor& t : split.tensors) {
          const int64_t count = t.param.numel();
          const Array joined = Array::empty({count}, DType::f32), wanted = master.slice(0, at, at + count);
          run(JoinMaster{.from = t.split(), .master = joined});
          expect_identical(joined, wanted, "master");
          expect_identical(t.param, converted_copy(wanted, DType::bf16), "weight");
          expect_identical(t.m, whole.tensors[0].m.slice(0, at, at + count), "m");
          at += count;
        }
      }
    }
}

TEST(AdamW, DoesNotDependOnThreads) {
  for (DType t : {DType::f32, DType::bf16})
    expect_thread_independent(
        [&] {
          const AdamW o = make_step(t, t);
          run(o);
          return o.tensors.back().param;
        },
        "param");
}

TEST(AdamW, RefusesWhatDoesNotFit) {
  AdamW o;
  o.tensors = {make_tensor(4, DType::f32, DType::f32, 1)};
  o.step = 0;
  EXPECT_NE(message_of<Error>([&] { run(o); }).find("step 0"), std::string::npos);
  o.step = 1;
  o.tensors[0].m = Array::zeros({4}, DType::bf16);
  EXPECT_NE(message_of<Error>([&] { run(o); }).find("moment holds bf16, expected f32"), std::string::npos);
}

TEST(AdamW, FollowsADecision) {
  AdamW wanted = make_step(DType::f32, DType::f32), got = make_step(DType::f32, DType::f32);
  wanted.grad_scale *= 0.25;
  run(wanted);
  got.decision = Array::from<double>({0.25, 0}, {2});
  const auto before = values_of(got.tensors.back().param);
  run(got);
  EXPECT_EQ(values_of(got.tensors.back().param), before);
  got.decision = Array::from<double>({0.25, 1}, {2});
  run(got);
  EXPECT_EQ(values_of(got.tensors.back().param), values_of(wanted.tensors.back().param));
  got.decision = Array::from<double>({0.25}, {1});
  EXPECT_THROW(run(got), Error);
}

}  // namespace
}  // namespace genesis::kernels
