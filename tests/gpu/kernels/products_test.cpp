// Matrix products, the output head with its loss, embedding: operations with sums over tokens.
#include "kernels/cross_entropy.h"
#include "kernels/embedding.h"
#include "kernels/embedding_part.h"
#include "kernels/linear.h"
#include "kernels/linear_cross_entropy.h"
#include "kernels/matmul.h"
#include "kernels/vocabulary_loss.h"
#include "tests/gpu/card_case.h"

namespace genesis::kernels {
namespace {

using namespace genesis::testing;

class CardProducts : public CardTest {};

TEST_F(CardProducts, LinearForwardAndBackward) {
  for (const Shape& s : {Shape{1, 8, 16}, Shape{33, 24, 40}, Shape{130, 64, 264}, Shape{7, 33, 31},
                         Shape{2, 264, 17}, Shape{3, 520, 33}, Shape{4, 31, 5}})
    for (const bool accumulate : {false, true})
      expect_as_on_cpu("linear " + to_string(s), kProducts, [&](const Maker& make) {
        const Array x = make.random({s[0], s[1]}, 1), weight = make.random({s[2], s[1]}, 2, 0.2),
                    bias = make.random({s[2]}, 3), y = make.empty({s[0], s[2]}),
                    dy = make.random({s[0], s[2]}, 4), dx = make.empty({s[0], s[1]}),
                    dweight = make.random_f32({s[2], s[1]}, 5), dbias = make.random_f32({s[2]}, 6),
                    dbias_own = make.random({s[2]}, 6);
        run(LinearForward{.x = x, .weight = weight, .bias = bias, .y = y});
        run(LinearBackward{.dy = dy,
                           .x = x,
                           .weight = weight,
                           .dx = dx,
                           .dweight = dweight,
                           .dbias = dbias,
                           .accumulate_dweight = accumulate,
                           .accumulate_dbias = accumulate});
        run(LinearBackward{.dy = dy, .dbias = dbias_own, .accumulate_dbias = accumulate});
        return std::vector{y, dx, dweight, dbias, dbias_own};
      });
}

TEST_F(CardProducts, LinearWithRowsApartAndAnF32Bias) {
  expect_as_on_cpu("linear, rows apart", kProducts, [&](const Maker& make) {
    const Array wide = make.random({20, 3 * 32}, 1), x = wide.slice(1, 32, 64), y = make.empty({20, 2 * 16});
    run(LinearForward{.x = x,
                      .weight = make.random({16, 32}, 2),
                      .bias = make.random_f32({16}, 3),
                      .y = y.slice(1, 0, 16)});
    run(LinearForward{.x = x, .weight = make.random({16, 32}, 4), .y = y.slice(1, 16, 32)});
    return std::vector{y};
  });
}

TEST_F(CardProducts, MatMulOfEveryOrientation) {
  for (const bool ta : {false, true})
    for (const bool tb : {false, true})
      for (const bool viewed : {false, true})
        for (const Shape& lead : {Shape{}, Shape{3}, Shape{2, 3}})
          expect_as_on_cpu("matmul", kProducts, [&](const Maker& make) {
            const auto with = [&](int64_t r, int64_t c) {
              Shape s = lead;
              s.push_back(r);
              s.push_back(c);
              return s;
            };
            const int64_t m = 17, k = 24, n = 40;
            Array a = ta != viewed ? make.random(with(k, m), 1) : make.random(with(m, k), 1);
            Array b = tb != viewed ? make.random(with(n, k), 2) : make.random(with(k, n), 2);
            if (viewed) {
              a = a.transpose(-1, -2);
              b = b.transpose(-1, -2);
            }
            const Array c = make.random(with(m, n), 3), d = make.empty(with(m, n));
            run(MatMul{.a = a, .b = b, .c = c, .transpose_a = ta, .transpose_b = tb, .accumulate = true});
            run(MatMul{
                .a = a, .b = b, .c = d, .bias = make.random({n}, 4), .transpose_a = ta, .transpose_b = tb});
            return std::vector{c, d};
          });
}

TEST_F(CardProducts, CrossEntropy) {
  for (const int64_t v : {2, 33, 5000})
    expect_as_on_cpu("cross_entropy", kProducts, [&](const Maker& make) {
      const int64_t n = 9;
      const Array logits = make.random({n, v}, 1, 3), targets = random_ids({n}, v, 2),
                  loss = make.floats({n}), lse = make.floats({n}), dlogits = make.empty({n, v});
      targets.data<int32_t>()[3] = -100;
      run(CrossEntropyForward{.logits = logits, .targets = targets, .loss = loss, .lse = lse});
      run(CrossEntropyBackward{.dloss = make.random_f32({n}, 4),
                               .logits = logits,
                               .targets = targets,
                               .lse = lse,
                               .dlogits = dlogits});
      return std::vector{loss, lse, dlogits};
    });
}

Array targets_of(int64_t n, int64_t v, bool every) {
  const Array targets = random_ids({n}, v, 2);
  if (!every)
    for (int64_t i = 0; i < n; i += 3) targets.data<int32_t>()[i] = kIgnoredTarget;
  return targets;
}

TEST_F(CardProducts, LinearCrossEntropy) {
  for (const int64_t n : {1, 40, 2100})  // 2100: two chunks of the head where every row counts
    for (const bool every : {true, false})
      for (const bool keep : {true, false}) {
        const int64_t h = 24, v = n > 100 ? 37 : 515;
        expect_as_on_cpu("linear_cross_entropy", CardTolerance{1e-4, 0.04, 0.008}, [&](const Maker& make) {
          const Array x = make.random({n, h}, 1), weight = make.random({v, h}, 3, 0.3),
                      targets = targets_of(n, v, every);
          const int64_t count = count_supervised(targets, v);
          const Array loss = make.floats({}), token_loss = make.floats({n}), lse = make.floats({n}),
                      kept = keep ? make.empty({count, v}) : Array(), dx = make.empty({n, h}),
                      dweight = make.random_f32({v, h}, 4);
          run(LinearCrossEntropyForward{.x = x,
                                        .weight = weight,
                                        .targets = targets,
                                        .loss_sum = loss,
                                        .token_loss = token_loss,
                                        .lse = lse,
                                        .kept = kept});
          run(LinearCrossEntropyBackward{.x = x,
                                         .weight = weight,
                                         .targets = targets,
                                         .lse = keep ? Array() : lse,
                                         .kept = kept,
                                         .scale = 0.5,
                                         .dx = dx,
                                         .dweight = dweight,
                                         .accumulate_dweight = true});
          return std::vector{loss, token_loss, lse, dx, dweight};
        });
      }
}

/// Parts of a vocabulary, one after the other on one card, put together as ranks would.
std::vector<Array> loss_in_parts(const Maker& make, const Array& targets, int64_t v, bool keep) {
  const int64_t n = targets.dim(0), h = 24, count = count_supervised(targets, v);
  const std::vector<int64_t> borders = {0, v / 3, v / 2 + 1, v};
  const int64_t parts = int64_t(borders.size()) - 1;
  const Array x = make.random({n, h}, 1), weight = make.random({v, h}, 3, 0.3),
              stats = make.floats({parts, count, 3});
  std::vector<Array> kept(static_cast<size_t>(parts)), out;
  for (int64_t p = 0; p < parts; ++p) {
    const int64_t first = borders[size_t(p)], end = borders[size_t(p) + 1];
    if (keep) kept[size_t(p)] = make.empty({count, end - first});
    run(VocabularyLossForward{.x = x,
                              .weight = weight.slice(0, first, end),
                              .targets = targets,
                              .first = first,
                              .total = v,
                              .stats = stats.select(0, p),
                              .kept = kept[size_t(p)]});
  }
  for (int64_t p = 0; p < parts; ++p) {
    const int64_t first = borders[size_t(p)], end = borders[size_t(p) + 1];
    const Array loss = make.floats({}), token_loss = make.floats({n}), lse = make.floats({n}),
                dx = make.empty({n, h}), dweight = make.random_f32({end - first, h}, uint64_t(4 + p));
    run(VocabularyLossFinish{.stats = stats,
                             .targets = targets,
                             .part = p,
                             .first = first,
                             .total = v,
                             .loss_sum = loss,
                             .token_loss = token_loss,
                             .lse = lse,
                             .kept = kept[size_t(p)]});
    run(VocabularyLossBackward{.x = x,
                               .weight = weight.slice(0, first, end),
                               .targets = targets,
                               .first = first,
                               .total = v,
                               .lse = keep ? Array() : lse,
                               .kept = kept[size_t(p)],
                               .scale = 0.5,
                               .dx = dx,
                               .dweight = dweight,
                               .accumulate_dweight = true});
    for (const Array& a : {loss, token_loss, lse, dx, dweight}) out.push_back(a);
  }
  return out;
}

TEST_F(CardProducts, VocabularyLoss) {
  const auto check = [](int64_t n, int64_t v, bool every, bool keep) {
    const Array targets = targets_of(n, v, every);
    expect_as_on_cpu("vocabulary_loss", CardTolerance{1e-4, 0.04, 0.008},
                     [&](const Maker& make) { return loss_in_parts(make, targets, v, keep); });
  };
  for (const int64_t n : {1, 12})
    for (const bool every : {true, false})
      for (const bool keep : {true, false}) check(n, 515, every, keep);
  check(2050, 7, true, false);  // two chunks of the head
}

TEST_F(CardProducts, LinearCrossEntropyOfNothing) {
  const Array x = Array::zeros({3, 8}, DType::bf16, Device::cuda),
              weight = Array::zeros({5, 8}, DType::bf16, Device::cuda),
              targets = Array::full({3}, kIgnoredTarget, DType::i32),
              loss = Array::zeros({}, DType::f32, Device::cuda),
              lse = Array::zeros({3}, DType::f32, Device::cuda),
              dweight = Array::zeros({5, 8}, DType::f32, Device::cuda);
  run(LinearCrossEntropyForward{.x = x, .weight = weight, .targets = targets, .loss_sum = loss, .lse = lse});
  run(LinearCrossEntropyBackward{
      .x = x, .weight = weight, .targets = targets, .lse = lse, .dx = x, .dweight = dweight});
  for (const double v : values_of(read_back(loss))) EXPECT_EQ(v, 0);
  for (const double v : values_of(read_back(dweight))) EXPECT_EQ(v, 0);
}

TEST_F(CardProducts, Embedding) {
  for (const int64_t h : {5, 64, 2056})
    for (const int64_t n : {1, 33, 300})
      expect_as_on_cpu("embedding", kProducts, [&](const Maker& make) {
        const Array ids = random_ids({n}, 11, 1), weight = make.random({11, h}, 2), y = make.empty({n, h}),
                    dweight = make.random_f32({11, h}, 3);
        run(EmbeddingForward{.ids = ids, .weight = weight, .y = y});
        run(EmbeddingBackward{.dy = make.random({n, h}, 4), .ids = ids, .dweight = dweight});
        return std::vector{y, dweight};
      });
  for (const int64_t first : {0, 4, 10})
    expect_as_on_cpu("embedding_part", kProducts, [&](const Maker& make) {
      const int64_t h = 72, here = first == 10 ? 1 : 6;
      const Array ids = random_ids({300}, 11, 1), y = make.empty({300, h}),
                  dweight = make.random_f32({here, h}, 3);
      run(EmbeddingPartForward{
          .ids = ids, .weight = make.random({here, h}, 2), .first = first, .total = 11, .y = y});
      run(EmbeddingPartBackward{
          .dy = make.random({300, h}, 4), .ids = ids, .first = first, .total = 11, .dweight = dweight});
      return std::vector{y, dweight};
    });
  const Array w = Array::zeros({4, 8}, DType::f32, Device::cuda),
              y = Array::zeros({1, 8}, DType::f32, Device::cuda);
  EXPECT_THROW(run(EmbeddingForward{.ids = Array::from<int32_t>({4}, {1}), .weight = w, .y = y}), Error);
}

}  // namespace
}  // namespace genesis::kernels
