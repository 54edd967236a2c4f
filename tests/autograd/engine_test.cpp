#include "autograd/engine.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "autograd/anomaly.h"
#include "autograd/checkpoint.h"
#include "autograd/grad_mode.h"
#include "autograd/op.h"
#include "autograd/random.h"
#include "tests/support/gradcheck.h"

namespace genesis {
namespace {

using autograd::apply;
using autograd::Context;
using autograd::Grads;
using autograd::Saved;

/// Plain f64 operations that exist only to exercise the engine.
Array map2(const Array& a, const Array& b, double (*f)(double, double)) {
  Array y = Array::empty(a.shape(), DType::f64);
  for (int64_t i = 0; i < a.numel(); ++i) y.data<double>()[i] = f(a.data<double>()[i], b.data<double>()[i]);
  return y;
}

struct Times {
  static constexpr const char* kName = "times";
  static constexpr auto kAutocast = autograd::Autocast::keep;
  static Array forward(Context& ctx, const Array& a, const Array& b) {
    ctx.save(a, b);
    return map2(a, b, [](double x, double y) { return x * y; });
  }
  static Grads backward(const Saved& saved, const Array& dy) {
    auto [a, b] = saved.get<2>();
    auto times = [](double x, double y) { return x * y; };
    return {map2(dy, b, times), map2(dy, a, times)};
  }
};
Tensor times(const Tensor& a, const Tensor& b) { return apply<Times>(a, b); }

/// y = a + b; both gradients are the same array.
struct Plus {
  static constexpr const char* kName = "plus";
  static constexpr auto kAutocast = autograd::Autocast::keep;
  static Array forward(Context&, const Array& a, const Array& b) {
    return map2(a, b, [](double x, double y) { return x + y; });
  }
  static Grads backward(const Saved&, const Array& dy) { return {dy, dy}; }
};
Tensor plus(const Tensor& a, const Tensor& b) { return apply<Plus>(a, b); }

/// (2x, 3x): two outputs, of which one may stay unused.
struct TwoThree {
  static constexpr const char* kName = "two_three";
  static constexpr auto kAutocast = autograd::Autocast::keep;
  static std::array<Array, 2> forward(Context&, const Array& x) {
    return {map2(x, x, [](double a, double) { return 2 * a; }),
            map2(x, x, [](double a, double) { return 3 * a; })};
  }
  static Grads backward(const Saved&, std::span<const Array> dys) {
    Array dx = Array::zeros(dys[0].defined() ? dys[0].shape() : dys[1].shape(), DType::f64);
    for (int64_t i = 0; i < dx.numel(); ++i)
      for (int o = 0; o < 2; ++o)
        if (dys[size_t(o)].defined()) dx.data<double>()[i] += (o + 2) * dys[size_t(o)].data<double>()[i];
    return {dx};
  }
};

/// x times a random number drawn in forward: what dropout does.
struct RandomScale {
  static constexpr const char* kName = "random_scale";
  static constexpr auto kAutocast = autograd::Autocast::keep;
  static Array forward(Context& ctx, const Array& x, double s) {
    ctx.keep(s);
    Array y = Array::empty(x.shape(), DType::f64);
    for (int64_t i = 0; i < x.numel(); ++i) y.data<double>()[i] = s * x.data<double>()[i];
    return y;
  }
  static Grads backward(const Saved& saved, const Array& dy) {
    Context nothing(nullptr);
    return {forward(nothing, dy, saved.attributes<double>())};
  }
};
Tensor random_scale(const Tensor& x) {
  const RandomStream r = autograd::next_random_stream();
  return apply<RandomScale>(x, double(uniform_from(philox(r.seed, r.stream, 0)[0])));
}

Tensor leaf(std::vector<double> v) {
  const int64_t n = int64_t(v.size());
  return Tensor(Array::from(v, {n}), true);
}

TEST(Engine, SharedUsesAddUp) {
  Tensor x = leaf({2, 3});
  Tensor y = times(plus(x, x), times(x, x));  // 2x^3
  y.backward(Array::full({2}, 1, DType::f64));
  EXPECT_DOUBLE_EQ(x.grad().data<double>()[0], 24);
  EXPECT_DOUBLE_EQ(x.grad().data<double>()[1], 54);
  times(x, x).backward(Array::full({2}, 1, DType::f64));  // accumulates
  EXPECT_DOUBLE_EQ(x.grad().data<double>()[0], 28);
  x.zero_grad();
  EXPECT_FALSE(x.grad().defined());
  times(x, x).backward(Array::full({2}, 1, DType::f64));
  EXPECT_DOUBLE_EQ(x.grad().data<double>()[1], 6);
}

TEST(Engine, GradientsAgreeWithFiniteDifferences) {
  GENESIS_EXPECT_GRADIENTS(
      [](const std::vector<Tensor>& in) {
        auto [two, three] = apply<TwoThree>(in[0]);
        return std::vector<Tensor>{times(times(two, in[1]), three), plus(in[1], in[0])};
      },
      {testing::random_tensor({5}, 1), testing::random_tensor({5}, 2)});
}

TEST(Engine, UnusedOutputsNeedNoGradient) {
  Tensor x = leaf({1, 2});
  apply<TwoThree>(x)[1].backward(Array::full({2}, 1, DType::f64));
  EXPECT_DOUBLE_EQ(x.grad().data<double>()[0], 3);
}

TEST(Engine, GraphIsFreedUnlessRetained) {
  Tensor x = leaf({2});
  Tensor y = times(x, x);
  y.backward({.retain_graph = true});
  y.backward();
  EXPECT_DOUBLE_EQ(x.grad().data<double>()[0], 8);
  EXPECT_THROW(y.backward(), Error);
}

TEST(Engine, SavedMemoryGoesAsBackwardRuns) {
  const int64_t before = memory_stats().current_total;
  Tensor x = leaf(std::vector<double>(1000, 1.0));
  Tensor y = x;
  for (int i = 0; i < 50; ++i) y = times(y, x);
  EXPECT_GT(memory_stats().current_total - before, 50 * 8000);
  y.backward(Array::full({1000}, 1, DType::f64));
  EXPECT_LE(memory_stats().current_total - before, 4 * 8000);
  EXPECT_DOUBLE_EQ(x.grad().data<double>()[0], 51);
}

TEST(Engine, InPlaceWriteToASavedArrayIsAnError) {
  Tensor x = leaf({2}), w = leaf({3});
  Tensor y = times(x, w);
  w.value().data<double>()[0] = 7;
  w.value().storage().bump_version();
  try {
    y.backward();
    FAIL() << "expected an error";
  } catch (const Error& e) {
    EXPECT_NE(std::string(e.what()).find("times"), std::string::npos) << e.what();
    EXPECT_NE(std::string(e.what()).find("in place"), std::string::npos) << e.what();
  }
}

TEST(Engine, NoGradAndDetachCutTheGraph) {
  Tensor x = leaf({2});
  {
    no_grad guard;
    EXPECT_FALSE(times(x, x).requires_grad());
  }
  EXPECT_TRUE(times(x, x).requires_grad());
  times(x, times(x, x).detach()).backward();
  EXPECT_DOUBLE_EQ(x.grad().data<double>()[0], 4);
  EXPECT_THROW(times(x.detach(), x.detach()).backward(), Error);
}

TEST(Engine, ReadyHooksFireOnceWhenTheGradientIsComplete) {
  Tensor a = leaf({2}), b = leaf({3});
  std::vector<double> seen;
  autograd::on_gradient_ready(a, [&] { seen.push_back(a.grad().data<double>()[0]); });
  autograd::on_gradient_ready(b, [&] { seen.push_back(-b.grad().data<double>()[0]); });
  times(times(a, b), plus(a, a)).backward();  // 2 a^2 b
  EXPECT_EQ(seen.size(), 2u);
  std::sort(seen.begin(), seen.end());
  EXPECT_DOUBLE_EQ(seen[0], -8);
  EXPECT_DOUBLE_EQ(seen[1], 24);
}

TEST(Engine, LongChainsNeedNoDeepStack) {
  Tensor x = leaf({1});
  Tensor y = x;
  for (int i = 0; i < 200000; ++i) y = plus(y, x);
  y.backward();
  EXPECT_DOUBLE_EQ(x.grad().data<double>()[0], 200001);
  Tensor z = x;
  for (int i = 0; i < 200000; ++i) z = plus(z, x);  // and dropped without backward
}

TEST(Anomaly, NamesTheOperation) {
  Tensor x = leaf({1e200});
  detect_anomaly on;
  try {
    times(times(x, x), x);
    FAIL() << "expected an error";
  } catch (const NumericsError& e) {
    EXPECT_NE(std::string(e.what()).find("times: output 0"), std::string::npos) << e.what();
  }
}

TEST(Checkpoint, GradientsAreBitIdenticalRandomNumbersIncluded) {
  auto run = [](bool save_memory) {
    manual_seed(5);
    Tensor x = testing::random_tensor({7}, 1), w = testing::random_tensor({7}, 2),
           v = testing::random_tensor({7}, 3);
    auto block = [&](const std::vector<Tensor>& in) {
      Tensor h = random_scale(times(in[0], w));
      return std::vector<Tensor>{times(h, random_scale(h)), plus(h, v)};
    };
    std::vector<Tensor> y{x, x};
    std::vector<int> order;
    autograd::on_gradient_ready(w, [&] { order.push_back(1); });
    autograd::on_gradient_ready(v, [&] { order.push_back(2); });
    for (int i = 0; i < 3; ++i) y = save_memory ? checkpoint(block, {y[1]}) : block({y[1]});
    const double after = random_scale(x).tolist()[0];
    times(y[0], y[1]).backward(Array::full({7}, 1, DType::f64));
    EXPECT_EQ(order.size(), 2u);
    auto values = Tensor(x.grad()).tolist();
    for (const Tensor& t : {w, v})
      for (double g : Tensor(t.grad()).tolist()) values.push_back(g);
    values.push_back(after);
    return values;
  };
  EXPECT_EQ(run(false), run(true));
}

TEST(Tensor, FromNestedLists) {
  Tensor ids = tensor({{1, 2, 3}});
  EXPECT_EQ(ids.shape(), (Shape{1, 3}));
  EXPECT_EQ(ids.tolist<int64_t>(), (std::vector<int64_t>{1, 2, 3}));
  EXPECT_EQ(tensor({0.5, 1.0}).dtype(), DType::f32);
  EXPECT_THROW(tensor({{1, 2}, {3}}), Error);
}

TEST(Tensor, ListsGoInAndComeOut) {
  const std::vector<int32_t> ids{7, -8, 9};
  const Tensor rows = tensor({ids});
  EXPECT_EQ(rows.shape(), (Shape{1, 3}));
  EXPECT_EQ(rows.dtype(), DType::i64);
  EXPECT_EQ(rows[0].tolist<int32_t>(), ids);
  EXPECT_EQ(rows.slice(1, 1, 3).tolist<float>(), (std::vector<float>{-8, 9}));
}

}  // namespace
}  // namespace genesis
