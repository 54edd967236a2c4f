#include "autograd/recompute_later.h"

#include <gtest/gtest.h>

#include "autograd/anomaly.h"
#include "autograd/autocast.h"
#include "autograd/checkpoint.h"
#include "autograd/grad_mode.h"
#include "autograd/op.h"
#include "autograd/ops/add_rms_norm.h"
#include "autograd/ops/linear.h"
#include "autograd/ops/rms_norm.h"
#include "autograd/ops/swiglu.h"
#include "tests/support/error_message.h"
#include "tests/support/gradcheck.h"
#include "tests/support/random_array.h"

namespace genesis {
namespace {

using autograd::Context;
using autograd::Grads;
using autograd::linear;
using autograd::recompute_later;
using autograd::Saved;
using autograd::swiglu;
using testing::message_of;
using testing::random_array;
using testing::random_tensor;

int64_t held() { return memory_stats().current[size_t(MemoryCategory::activations)]; }

/// y = 2 x, which can be made again; counts how often it was.
struct Twice {
  static constexpr const char* kName = "twice";
  static constexpr auto kAutocast = autograd::Autocast::keep;
  static inline int made = 0;
  static inline bool fails = false;
  static Array forward(Context& ctx, const Array& x) {
    ctx.save(x);
    ctx.can_remake([](const Saved& saved) {
      if (fails) throw Error("no memory for it");
      ++made;
      return doubled(saved.at(0));
    });
    return doubled(x);
  }
  static Array doubled(const Array& x) {
    const Array y = Array::empty(x.shape(), x.dtype());
    for (int64_t i = 0; i < x.numel(); ++i) y.data<double>()[i] = 2 * x.data<double>()[i];
    return y;
  }
  static Grads backward(const Saved&, const Array& dy) { return {doubled(dy)}; }
};
Tensor twice(const Tensor& x) { return autograd::apply<Twice>(x); }

/// y = x^2, elementwise.
struct Square {
  static constexpr const char* kName = "square";
  static constexpr auto kAutocast = autograd::Autocast::keep;
  static Array forward(Context& ctx, const Array& x) {
    ctx.save(x);
    return product(x, x);
  }
  static Array product(const Array& a, const Array& b) {
    const Array y = Array::empty(a.shape(), a.dtype());
    for (int64_t i = 0; i < a.numel(); ++i) y.data<double>()[i] = a.data<double>()[i] * b.data<double>()[i];
    return y;
  }
  static Grads backward(const Saved& saved, const Array& dy) {
    return {Twice::doubled(product(saved.at(0), dy))};
  }
};
Tensor square(const Tensor& x) { return autograd::apply<Square>(x); }

Tensor leaf(std::vector<double> v) {
  const int64_t n = int64_t(v.size());
  return Tensor(Array::from(v, {n}), true);
}
Array ones(int64_t n) { return Array::full({n}, 1, DType::f64); }
std::vector<double> gradient(const Tensor& t) { return Tensor(t.grad()).tolist(); }

/// A gated layer behind a norm, as in a block; given back: nothing, passes over memory, also gate and up.
Tensor gated_layer(const std::vector<Tensor>& in, int level) {
  const auto [residual, y] = autograd::add_rms_norm(in[0], in[1], in[2], 1e-6);
  const Tensor gated = linear(y, in[3], in[4]), activated = swiglu(gated), out = linear(activated, in[5], {});
  if (level > 0) {
    EXPECT_EQ(recompute_later(activated), autograd::grad_enabled);
    EXPECT_EQ(recompute_later(y), autograd::grad_enabled);
  }
  if (level > 1) {
    EXPECT_EQ(recompute_later(gated), autograd::grad_enabled);
  }
  return autograd::add_rms_norm(residual, out, in[2], 1e-6)[1];
}

constexpr int64_t kRows = 37, kWidth = 24, kInner = 40;

std::vector<Tensor> inputs_of(DType t) {
  uint64_t stream = 0;
  std::vector<Tensor> in;
  for (const Shape& shape : std::vector<Shape>{
           {kRows, kWidth}, {kRows, kWidth}, {kWidth}, {2 * kInner, kWidth}, {2 * kInner}, {kWidth, kInner}})
    in.push_back(Tensor(random_array(shape, t, ++stream), true));
  return in;
}

TEST(RecomputeLater, TheSameBitsInLessMemory) {
  for (const DType t : {DType::f64, DType::f32, DType::bf16}) {
    SCOPED_TRACE(name_of(t));
    std::vector<std::vector<double>> wanted;
    int64_t kept = 0;
    for (const int level : {0, 1, 2}) {
      const std::vector<Tensor> in = inputs_of(t);
      const int64_t before = held();
      const Tensor y = gated_layer(in, level);
      const int64_t saved = held() - before;
      std::vector<std::vector<double>> found{y.tolist()};
      const detect_anomaly watch(level == 2);
      y.backward(random_array(y.shape(), t, 99));
      for (const Tensor& x : in) found.push_back(gradient(x));
      if (level == 0) {
        wanted = found;
        kept = saved;
      }
      EXPECT_EQ(found, wanted) << level;
      const int64_t given_back =
          kRows * (level > 0 ? kWidth + kInner : 0) + kRows * (level > 1 ? 2 * kInner : 0);
      EXPECT_EQ(kept - saved, given_back * size_of(t)) << level;
    }
  }
}

TEST(RecomputeLater, TheSameBitsOfAPlainNormAndOfCopiesInTheTypeOfAutocast) {
  for (const DType t : {DType::f32, DType::bf16}) {
    std::vector<std::vector<double>> wanted;
    for (const bool again : {false, true}) {
      const Tensor x(random_array({9, 8}, t, 1), true), gain(random_array({8}, DType::f32, 2), true),
          w(random_array({6, 8}, DType::f32, 3), true), b(random_array({6}, DType::f32, 4), true),
          v(random_array({5, 3}, DType::f32, 5), true);
      const autocast cast;
      const Tensor n = autograd::rms_norm(x, gain, 1e-6), gated = linear(n, w, b), activated = swiglu(gated),
                   y = linear(activated, v);
      if (again) {
        // Of an f32 norm the product saved a bf16 copy: the norm's own bytes go with its handle.
        EXPECT_EQ(recompute_later(n), t == DType::bf16);
        EXPECT_TRUE(recompute_later(activated));
        EXPECT_TRUE(recompute_later(gated));
      }
      y.backward(random_array(y.shape(), y.dtype(), 99));
      std::vector<std::vector<double>> found;
      for (const Tensor& p : {x, gain, w, b, v}) found.push_back(gradient(p));
      if (!again) wanted = found;
      EXPECT_EQ(found, wanted) << name_of(t);
    }
  }
}

TEST(RecomputeLater, IsMadeOnceForAllThatSavedItAndFreedWithTheLast) {
  Tensor x = leaf({1, 2, 3});
  const int64_t before = held();
  {
    const Tensor t = twice(x), a = square(t), b = square(t.view({3, 1}));
    const Tensor c = linear(a.view({1, 3}), b.view({1, 3}));
    EXPECT_TRUE(recompute_later(t));
    EXPECT_FALSE(recompute_later(t)) << "a second time";
    Twice::made = 0;
    c.backward(Array::full({1, 1}, 1, DType::f64));
    EXPECT_EQ(Twice::made, 1);
  }
  EXPECT_EQ(gradient(x), (std::vector<double>{64, 512, 1728}));  // of 16 x^4
  EXPECT_EQ(held(), before);
}

TEST(RecomputeLater, AGraphThatIsKeptRunsAgain) {
  Tensor x = leaf({1, 2});
  const Tensor t = twice(x), y = square(t);
  ASSERT_TRUE(recompute_later(t));
  const int64_t before = held();
  Twice::made = 0;
  y.backward(ones(2), {.retain_graph = true});
  EXPECT_EQ(held(), before) << "given back again";
  x.zero_grad();
  y.backward(ones(2));
  EXPECT_EQ(Twice::made, 2);
  EXPECT_EQ(gradient(x), (std::vector<double>{8, 16}));
}

TEST(RecomputeLater, WhatCannotBeMadeAgainIsKept) {
  Tensor x = leaf({1, 2}), w(random_array({3, 2}, DType::f64, 1));
  EXPECT_FALSE(recompute_later(x)) << "a leaf";
  EXPECT_FALSE(recompute_later(Tensor())) << "undefined";
  const Tensor s = square(x), t = twice(x);
  EXPECT_FALSE(recompute_later(t)) << "saved by nobody";
  const Tensor again = square(t), over = square(s), part = square(t.view({2, 1}));
  EXPECT_FALSE(recompute_later(s)) << "no recipe";
  EXPECT_FALSE(recompute_later(t.view({2, 1}))) << "a view";
  // A frozen weight: its product keeps no input to be made from.
  const Tensor frozen = linear(x.view({1, 2}), w), y = swiglu(frozen.view({3}).slice(0, 0, 2));
  EXPECT_FALSE(recompute_later(frozen));
  {
    const no_grad quiet;
    const Tensor u = twice(x), v = square(u);
    EXPECT_FALSE(recompute_later(u));
    EXPECT_EQ(u.tolist(), (std::vector<double>{2, 4}));
  }
  (again.sum()).backward();
  EXPECT_EQ(gradient(x), (std::vector<double>{8, 16}));
}

TEST(RecomputeLater, ReadingWhatWasGivenBackIsAnError) {
  Tensor x = leaf({1, 2});
  const Tensor t = twice(x), y = square(t);
  const Array mine = t.value(), half = mine.slice(0, 0, 1);
  ASSERT_TRUE(recompute_later(t));
  for (const Array& a : {mine, half})
    EXPECT_NE(message_of<Error>([&] { a.data<double>(); }).find("was given back after the forward pass"),
              std::string::npos);
  EXPECT_THROW(square(t), Error);
  y.backward(ones(2));
  EXPECT_EQ(half.data<double>()[0], 2) << "there again, and held by its reader";
  EXPECT_EQ(gradient(x), (std::vector<double>{8, 16}));
}

TEST(RecomputeLater, WritesInPlaceAreFound) {
  Tensor x = leaf({1, 2});
  {
    const Tensor t = twice(x), y = square(t);
    t.value().storage().bump_version();
    EXPECT_NE(message_of<Error>([&] { recompute_later(t); }).find("was changed in place"), std::string::npos);
  }
  const Tensor s = square(x), t = twice(s), y = square(t);
  ASSERT_TRUE(recompute_later(t));
  s.value().storage().bump_version();
  const auto text = message_of<Error>([&] { y.backward(ones(2)); });
  EXPECT_NE(text.find("twice: an array saved for backward"), std::string::npos) << text;
}

TEST(RecomputeLater, ARecipeThatFailsMayBeTriedAgain) {
  Tensor x = leaf({1, 2});
  const Tensor t = twice(x), y = square(t);
  ASSERT_TRUE(recompute_later(t));
  Twice::fails = true;
  EXPECT_THROW(y.backward(ones(2), {.retain_graph = true}), Error);
  Twice::fails = false;
  x.zero_grad();
  y.backward(ones(2));
  EXPECT_EQ(gradient(x), (std::vector<double>{8, 16}));
}

TEST(RecomputeLater, AMakerThatAnEarlierBackwardFreedIsNamed) {
  Tensor x = leaf({1, 2});
  const Tensor t = twice(x), y = square(t);
  ASSERT_TRUE(recompute_later(t));
  t.view({2}).backward(ones(2));  // reads nothing of t, and frees what it is made from
  const auto text = message_of<Error>([&] { y.backward(ones(2)); });
  EXPECT_NE(text.find("freed by an earlier backward"), std::string::npos) << text;
}

TEST(RecomputeLater, InsideACheckpointItActsInTheSecondRun) {
  std::vector<std::vector<double>> wanted;
  for (const int level : {0, 2}) {
    const std::vector<Tensor> in = inputs_of(DType::f32);
    const auto layer = [&](const std::vector<Tensor>& x) {
      return std::vector<Tensor>{gated_layer({x[0], x[1], in[2], in[3], in[4], in[5]}, level)};
    };
    const Tensor y = checkpoint(layer, {in[0], in[1]})[0];
    y.backward(random_array(y.shape(), DType::f32, 99));
    std::vector<std::vector<double>> found;
    for (const Tensor& x : in) found.push_back(gradient(x));
    if (level == 0) wanted = found;
    EXPECT_EQ(found, wanted);
  }
}

TEST(RecomputeLater, GradientsAgreeWithFiniteDifferences) {
  GENESIS_EXPECT_GRADIENTS(
      [](const std::vector<Tensor>& in) {
        const Tensor y = autograd::rms_norm(in[0], in[1], 1e-6), gated = linear(y, in[2], in[3]),
                     activated = swiglu(gated), out = linear(activated, in[4]);
        recompute_later(y);
        recompute_later(gated);
        recompute_later(activated);
        return std::vector<Tensor>{out};
      },
      {random_tensor({2, 3, 4}, 1), random_tensor({4}, 2), random_tensor({10, 4}, 3), random_tensor({10}, 4),
       random_tensor({6, 5}, 5)});
}

/// A long chain of values made from one another goes without recursion through it.
TEST(RecomputeLater, ALongChainIsLetGoOf) {
  Tensor y = leaf({1, 2});
  for (int i = 0; i < 100000; ++i) {
    const Tensor next = twice(y);
    if (i > 0) recompute_later(y);
    y = next;
  }
  y = Tensor();
}

}  // namespace
}  // namespace genesis
