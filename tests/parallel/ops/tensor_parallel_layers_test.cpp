#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <map>
#include <mutex>

#include "autograd/ops/arithmetic.h"
#include "autograd/ops/embedding.h"
#include "autograd/ops/linear.h"
#include "autograd/ops/linear_cross_entropy.h"
#include "autograd/ops/rms_norm.h"
#include "kernels/copy.h"
#include "kernels/core/run.h"
#include "parallel/gather_shards.h"
#include "parallel/grad_norm.h"
#include "parallel/local_group.h"
#include "parallel/nn/column_linear.h"
#include "parallel/nn/row_linear.h"
#include "parallel/nn/vocabulary_table.h"
#include "parallel/ops/row_exchange.h"
#include "parallel/ops/sum_gradient.h"
#include "tests/support/gradcheck.h"

namespace genesis::parallel {
namespace {

using genesis::testing::random_tensor;
using Values = std::vector<double>;

constexpr int64_t kRows = 12, kIn = 12;  // chunks of 3 x 4 rows, 4 + 8, and 2 x 6

Array copy_of(const Array& a) {
  const Values v = Tensor(a).tolist();
  return Array::from(v, a.shape());
}

/// This rank's part of a whole value.
Array part_of(const Array& whole, const Shard& shard) {
  Array local = Array::empty(shard.local, whole.dtype());
  for (const ShardPiece& p : shard.pieces) {
    const int64_t rows = p.extent[0], width = p.extent.size() == 2 ? p.extent[1] : 1,
                  from_width = p.extent.size() == 2 ? whole.dim(1) : 1,
                  to_width = p.extent.size() == 2 ? shard.local[1] : 1,
                  column = p.extent.size() == 2 ? p.start[1] : 0;
    for (int64_t r = 0; r < rows; ++r)
      std::copy_n(whole.data<double>() + (p.start[0] + r) * from_width + column, width,
                  local.data<double>() + (p.local[0] + r) * to_width);
  }
  return local;
}

void fill(const Tensor& parameter, const Tensor& whole) {
  const Array part = part_of(whole.value(), shard_of(parameter));
  std::copy_n(part.data<double>(), part.numel(), parameter.value().data<double>());
}

int64_t rows_held(int64_t all, const TensorParallel& tp) { return tp.splits_rows() ? all / tp.size() : all; }

/// Rows of a whole array that this rank holds.
Array own_rows(const Array& whole, const TensorParallel& tp) {
  const RowChunks chunks(whole.dim(0), tp);
  Array own = Array::empty({rows_held(whole.dim(0), tp), whole.dim(1)}, whole.dtype());
  for (int64_t i = 0; i < chunks.size(); ++i) {
    const Range from = chunks.place(i), to = chunks.own(i);
    kernels::run(
        kernels::Copy{.src = whole.slice(0, from.begin, from.end), .dst = own.slice(0, to.begin, to.end)});
  }
  return own;
}

Array all_rows(const Array& own, const TensorParallel& tp) { return gather_rows(own, tp); }

void expect_equal(const Array& found, const Array& wanted, const char* what) {
  const Values f = Tensor(found).tolist(), w = Tensor(wanted).tolist();
  ASSERT_EQ(f.size(), w.size()) << what;
  for (size_t i = 0; i < f.size(); ++i) EXPECT_NEAR(f[i], w[i], 1e-12 * (1 + std::abs(w[i]))) << what << i;
}

/// Gradients of `parameters` put together, against those of the whole layer.
void expect_gradient(const Tensor& parameter, const Tensor& whole, const TensorParallel& tp,
                     const char* what) {
  expect_equal(gather_shards(parameter.grad(), shard_of(parameter), *tp.group), whole.grad(), what);
}

/// Runs a check on 2 and 4 ranks, with and without sequence parallelism, without overlap and in 1 to 3
/// chunks.
void on_ranks(const std::function<void(const TensorParallel&)>& check) {
  for (const int ranks : {2, 4})
    for (const bool sequence : {false, true})
      for (const int chunks : {0, 1, 2, 3})
        LocalGroup::run(ranks, [&](Communicator& group) {
          SCOPED_TRACE(::testing::Message() << "rank " << group.rank() << " of " << ranks << " sequence "
                                            << sequence << " chunks " << chunks);
          check({&group, sequence, {chunks}});
        });
}

TEST(TensorParallelLayers, AColumnAndARowLayerAreTwoPlainOnes) {
  on_ranks([](const TensorParallel& tp) {
    const std::vector<RowBlock> blocks{{8, 0}, {8, 0}};
    Tensor w1 = random_tensor({16, kIn}, 1), b1 = random_tensor({16}, 2), w2 = random_tensor({kIn, 16}, 3),
           b2 = random_tensor({kIn}, 4), x = random_tensor({kRows, kIn}, 5);
    const Array dy = random_tensor({kRows, kIn}, 6).value();
    ColumnLinear up(kIn, blocks, {.bias = true, .dtype = DType::f64, .tp = tp});
    RowLinear down(16, kIn, true, DType::f64, tp);
    // Stacked blocks are shared out one by one: the input of `down` is in that order.
    std::vector<int64_t> order;
    for (int r = 0; r < tp.size(); ++r)
      for (const ShardPiece& p : stacked_rows(blocks, {16}, r, tp.size()).pieces)
        for (int64_t i = 0; i < p.extent[0]; ++i) order.push_back(p.start[0] + i);
    Tensor w2_ordered(Array::empty({kIn, 16}, DType::f64), true);
    for (int64_t r = 0; r < kIn; ++r)
      for (int64_t c = 0; c < 16; ++c)
        w2_ordered.value().data<double>()[r * 16 + c] = w2.value().data<double>()[r * 16 + order[size_t(c)]];
    fill(up.weight, w1), fill(up.bias, b1), fill(down.weight, w2_ordered), fill(down.bias, b2);

    Tensor whole = autograd::linear(autograd::linear(x, w1, b1), w2, b2);
    whole.backward(dy);
    Tensor own(own_rows(x.value(), tp), true);
    for (int micro = 0; micro < 2; ++micro) {  // the second adds to the first
      const Tensor y = down(up(own));
      expect_equal(all_rows(y.value(), tp), whole.value(), "y");
      own.zero_grad();
      y.backward(own_rows(dy, tp));
      expect_equal(all_rows(own.grad(), tp), x.grad(), "dx");
      if (micro == 0) {
        expect_gradient(up.weight, w1, tp, "dw1");
        expect_gradient(up.bias, b1, tp, "db1");
        expect_gradient(down.bias, b2, tp, "db2");
      }
    }
    for (Tensor t : {w1, b1, b2})
      for (int64_t i = 0; i < t.numel(); ++i) t.grad().data<double>()[i] *= 2;
    expect_gradient(up.weight, w1, tp, "twice dw1");
    expect_gradient(up.bias, b1, tp, "twice db1");
    expect_gradient(down.bias, b2, tp, "twice db2");
  });
}

TEST(TensorParallelLayers, ReplicatedRowsGetTheSumOfTheirGradients) {
  // 4 query heads of 2 rows, 1 or 2 key and value heads, on 4 ranks: each rank weighs its own heads.
  for (const int64_t kv : {1, 2})
    for (const bool sequence : {false, true})
      LocalGroup::run(4, [&](Communicator& group) {
        const TensorParallel tp{&group, sequence};
        const std::vector<RowBlock> blocks{{8, 4}, {2 * kv, kv}, {2 * kv, kv}};
        const int64_t rows = 8 + 4 * kv;
        const auto replicas = group.split(group.rank() / (4 / kv), group.rank(), "kv");
        ColumnLinear qkv(kIn, blocks,
                         {.bias = true, .dtype = DType::f64, .tp = tp, .replicas = replicas.get()});
        Tensor w = random_tensor({rows, kIn}, 1), b = random_tensor({rows}, 2),
               x = random_tensor({kRows, kIn}, 5);
        fill(qkv.weight, w), fill(qkv.bias, b);
        Tensor own(own_rows(x.value(), tp), true);
        const Tensor y = qkv(own);
        const Array dy = random_tensor({kRows, 6}, uint64_t(10 + group.rank())).value();
        y.backward(dy);
        // The whole layer sees, in each row, what the ranks that hold it handed in.
        Array dy_whole = Array::zeros({kRows, rows}, DType::f64);
        for (int r = 0; r < 4; ++r) {
          const Array theirs = random_tensor({kRows, 6}, uint64_t(10 + r)).value();
          for (const ShardPiece& p : stacked_rows(blocks, {rows}, r, 4).pieces)
            for (int64_t n = 0; n < kRows; ++n)
              for (int64_t i = 0; i < p.extent[0]; ++i)
                dy_whole.data<double>()[n * rows + p.start[0] + i] +=
                    theirs.data<double>()[n * 6 + p.local[0] + i];
        }
        autograd::linear(x, w, b).backward(dy_whole);
        expect_equal(all_rows(own.grad(), tp), x.grad(), "dx");
        expect_gradient(qkv.weight, w, tp, "dw");
        expect_gradient(qkv.bias, b, tp, "db");
        expect_equal(qkv.weight.grad(), part_of(w.grad(), shard_of(qkv.weight)), "replicas");
        // Norms count a replica once.
        EXPECT_NEAR(grad_norm({qkv.weight, qkv.bias}, group), grad_norm({w, b}, *solo_communicator()), 1e-12);
      });
}

TEST(TensorParallelLayers, ATableAndItsLossAreTheWholeOnes) {
  on_ranks([](const TensorParallel& tp) {
    const int64_t vocabulary = 11;
    const Array ids = Array::from<int32_t>({0, 10, 5, 5, 3, 2, 7, 0, 9, 9, 1, 4}, {kRows}),
                targets = Array::from<int32_t>({10, 5, -100, 3, 2, 7, 0, -100, 9, 1, 4, -100}, {kRows});
    Tensor table = random_tensor({vocabulary, kIn}, 1), gain = random_tensor({kIn}, 2);
    VocabularyTable own(vocabulary, kIn, DType::f64, tp);
    fill(own.weight, table);
    Tensor own_gain(copy_of(gain.value()), true);
    set_shard(own_gain, Shard::whole({kIn}, tp.rank()));

    // Tied: the table is looked up and is the head.
    const Tensor hidden = autograd::rms_norm(autograd::embedding(Tensor(ids), table), gain, 1e-6);
    const Tensor loss = autograd::linear_cross_entropy(hidden, table, targets);
    loss.backward(Array::full({}, 0.3, DType::f64));
    const Tensor found_hidden =
        autograd::rms_norm(own.lookup(Tensor(ids)), sum_gradient(own_gain, tp.row_group()), 1e-6);
    const Tensor found = own.loss_sum(found_hidden, {{1, targets}});
    EXPECT_NEAR(found.item(), loss.item(), 1e-12 * loss.item());
    found.backward(Array::full({}, 0.3, DType::f64));
    expect_gradient(own.weight, table, tp, "dtable");
    expect_gradient(own_gain, gain, tp, "dgain");
    expect_equal(own.logits(found_hidden).value(), autograd::linear(hidden, table, {}).value(), "logits");
    expect_equal(own.token_losses(found_hidden, targets), autograd::token_losses(hidden, table, targets),
                 "token losses");
    EXPECT_NEAR(grad_norm({own.weight, own_gain}, *tp.group), grad_norm({table, gain}, *solo_communicator()),
                1e-12);
  });
}

TEST(TensorParallelLayers, TokensOfSeveralWeightsCostTheBytesOfOne) {
  on_ranks([](const TensorParallel& tp) {
    const int64_t vocabulary = 11;
    const auto targets = [](std::vector<int32_t> t) { return Array::from<int32_t>(t, {kRows}); };
    const Array all = targets({10, 5, -100, 3, 2, 7, 0, -100, 9, 1, 4, -100});
    const std::vector<WeightedTargets> parts{
        {0.5, targets({10, -100, -100, 3, -100, -100, 0, -100, -100, 1, -100, -100})},
        {1, targets({-100, 5, -100, -100, -100, 7, -100, -100, -100, -100, 4, -100})},
        {3, targets({-100, -100, -100, -100, 2, -100, -100, -100, 9, -100, -100, -100})}};
    const Tensor table = random_tensor({vocabulary, kIn}, 1), hidden = random_tensor({kRows, kIn}, 2);
    VocabularyTable own(vocabulary, kIn, DType::f64, tp);
    fill(own.weight, table);
    const auto bytes_of = [&](const std::vector<WeightedTargets>& of, Tensor& own_hidden) {
      own.zero_grad();
      own_hidden = Tensor(own_rows(hidden.value(), tp), true);
      const int64_t before = tp.group->traffic().bytes;
      const Tensor loss = own.loss_sum(own_hidden, of);
      loss.backward(Array::full({}, 0.3, DType::f64));
      return std::pair(tp.group->traffic().bytes - before, loss.item());
    };
    Tensor own_hidden;
    const int64_t unweighted = bytes_of({{1, all}}, own_hidden).first;
    const auto [bytes, loss] = bytes_of(parts, own_hidden);
    EXPECT_EQ(bytes, unweighted);
    const Tensor wanted = autograd::linear_cross_entropy(hidden, table, parts[0].targets) * 0.5 +
                          autograd::linear_cross_entropy(hidden, table, parts[1].targets) +
                          autograd::linear_cross_entropy(hidden, table, parts[2].targets) * 3.0;
    wanted.backward(Array::full({}, 0.3, DType::f64));
    EXPECT_NEAR(loss, wanted.item(), 1e-12 * wanted.item());
    expect_equal(all_rows(own_hidden.grad(), tp), hidden.grad(), "dhidden");
    expect_gradient(own.weight, table, tp, "dtable");
  });
}

Tensor random_parameter(Shape shape, DType dtype, uint64_t seed) {
  return Tensor(random_tensor(std::move(shape), seed).to(dtype).value(), true);
}

/// Everything a column and a row layer compute, put together: y, dx, and this rank's gradients.
std::vector<Values> results_of_two_layers(const TensorParallel& tp, DType dtype) {
  constexpr int64_t kTokens = 768, kWidth = 96, kHidden = 160;
  ColumnLinear up(kWidth, {{kHidden, 0}}, {.bias = true, .dtype = dtype, .tp = tp});
  RowLinear down(kHidden, kWidth, true, dtype, tp);
  uint64_t seed = 1;
  for (const Tensor& p : {up.weight, up.bias, down.weight, down.bias})
    kernels::run(
        kernels::Copy{.src = random_parameter(p.shape(), dtype, 10 * uint64_t(tp.rank()) + seed++).value(),
                      .dst = p.value()});
  const Array x = random_parameter({kTokens, kWidth}, dtype, 90).value(),
              dy = random_parameter({kTokens, kWidth}, dtype, 91).value();
  const Tensor own(own_rows(x, tp), true);
  const Tensor y = down(up(own));
  y.backward(own_rows(dy, tp));
  std::vector<Values> all;
  for (const Array& a : {all_rows(y.value(), tp), all_rows(own.grad(), tp), up.weight.grad(), up.bias.grad(),
                         down.weight.grad(), down.bias.grad()})
    all.push_back(Tensor(a).tolist());
  return all;
}

TEST(TensorParallelLayers, ChunksChangeNoBit) {
  for (const DType dtype : {DType::f64, DType::f32, DType::bf16})
    for (const bool sequence : {false, true})
      LocalGroup::run(2, [&](Communicator& group) {
        SCOPED_TRACE(::testing::Message() << name_of(dtype) << " sequence " << sequence);
        const auto wanted = results_of_two_layers({&group, sequence, {0}}, dtype);
        for (const int chunks : {1, 2, 3, 4})
          EXPECT_EQ(results_of_two_layers({&group, sequence, {chunks}}, dtype), wanted) << chunks;
      });
}

TEST(TensorParallelLayers, TrafficIsWhatTheyPromise) {
  on_ranks([](const TensorParallel& tp) {
    ColumnLinear up(kIn, {{16, 0}}, {.bias = false, .dtype = DType::f64, .tp = tp});
    RowLinear down(16, kIn, false, DType::f64, tp);
    for (const Tensor& w : {up.weight, down.weight}) std::fill_n(w.value().data<double>(), w.numel(), 0.5);
    const int64_t rows = rows_held(kRows, tp), all = kRows * kIn * 8;
    Tensor x(Array::full({rows, kIn}, 1, DType::f64), true);
    const Tensor y = down(up(x));
    const int64_t forward = tp.group->traffic().bytes;
    EXPECT_EQ(forward, exchange_bytes(kRows, kIn, DType::f64, tp));
    EXPECT_EQ(forward, tp.sequence ? 2 * all / tp.size() : all);
    y.backward(Array::full({rows, kIn}, 1, DType::f64));
    const int64_t again = tp.sequence ? all / tp.size() : 0;  // x is gathered once more
    EXPECT_EQ(tp.group->traffic().bytes - forward, exchange_bytes(kRows, kIn, DType::f64, tp) + again);
  });
}

TEST(TensorParallelLayers, AGroupOfOneIsPlainAndSilent) {
  LocalGroup::run(1, [](Communicator& group) {
    const TensorParallel tp{&group, true};
    ColumnLinear up(kIn, {{16, 0}}, {.bias = true, .dtype = DType::f64, .tp = tp});
    EXPECT_TRUE(shard_of(up.weight).is_whole());
    Tensor x = random_tensor({3, kIn}, 1);  // any number of rows
    up(x).sum().backward();
    EXPECT_EQ(sum_gradient(x, &group).impl(), x.impl());
    EXPECT_EQ(group.traffic().calls, 0);
  });
}

TEST(GatherShards, KeepsEveryBit) {
  LocalGroup::run(3, [](Communicator& group) {
    for (const DType t : {DType::f32, DType::bf16}) {
      const Shard shard = stacked_rows({{5, 0}}, {5, 3}, group.rank(), 3);
      const Array local = Array::full(shard.local, -0.0, t), all = gather_shards(local, shard, group);
      EXPECT_EQ(all.shape(), (Shape{5, 3}));
      for (const double v : Tensor(all).tolist()) EXPECT_TRUE(std::signbit(v));
    }
  });
}

}  // namespace
}  // namespace genesis::parallel
