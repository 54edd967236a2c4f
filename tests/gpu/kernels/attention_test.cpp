#include "kernels/attention.h"

#include "kernels/attention_probs.h"
#include "kernels/cached_attention.h"
#include "tests/gpu/card_case.h"

namespace genesis::kernels {
namespace {

using namespace genesis::testing;

class CardAttention : public CardTest {};

struct Layout {
  int64_t heads, kv_heads, d;
  std::vector<int32_t> lengths;  // of the packed documents
};

/// Tiles that are full, cut and empty; documents of one token; groups of heads; every head dimension with
/// tiles and some without.
const std::vector<Layout> kLayouts = {
    {2, 2, 64, {1, 2, 63, 64, 65, 130}},
    {4, 2, 128, {40, 200}},
    {2, 1, 96, {129, 31}},
    {1, 1, 128, {300}},
    {2, 2, 40, {33, 20}},
    {3, 1, 16, {5, 150}},
};

std::vector<Array> packed(const Layout& l, const Maker& make, bool backward) {
  std::vector<int32_t> cu{0};
  for (const int32_t n : l.lengths) cu.push_back(cu.back() + n);
  const int64_t n = cu.back(), row = (l.heads + 2 * l.kv_heads) * l.d;
  const Array bounds = Array::from(cu, {int64_t(cu.size())}),
              lengths = Array::from(l.lengths, {int64_t(l.lengths.size())});
  const auto part = [&](const Array& rows, int64_t first, int64_t count) {
    return rows.as_strided({n, count, l.d}, {row, l.d, 1}, first * l.d);
  };
  const Array qkv = make.random({n, row}, 1), out = make.empty({n, l.heads, l.d}),
              lse = make.floats({l.heads, n});
  const Array q = part(qkv, 0, l.heads), k = part(qkv, l.heads, l.kv_heads),
              v = part(qkv, l.heads + l.kv_heads, l.kv_heads);
  const Array begin = bounds.slice(0, 0, lengths.numel());
  run(AttentionForward{
      .q = q, .k = k, .v = v, .cu_q = bounds, .k_begin = begin, .k_length = lengths, .out = out, .lse = lse});
  if (!backward) return {out, lse};
  const Array grads = make.empty({n, row});
  run(AttentionBackward{.dout = make.random({n, l.heads, l.d}, 2),
                        .q = q,
                        .k = k,
                        .v = v,
                        .out = out,
                        .lse = lse,
                        .cu_q = bounds,
                        .k_begin = begin,
                        .k_length = lengths,
                        .dq = part(grads, 0, l.heads),
                        .dk = part(grads, l.heads, l.kv_heads),
                        .dv = part(grads, l.heads + l.kv_heads, l.kv_heads)});
  return {grads};
}

TEST_F(CardAttention, ForwardAsOnTheCpu) {
  for (const Layout& l : kLayouts)
    expect_as_on_cpu(fmt::format("attention.forward d {}", l.d), CardTolerance{1e-5, 0.02, 0.003},
                     [&](const Maker& make) { return packed(l, make, false); });
}

TEST_F(CardAttention, BackwardAsOnTheCpu) {
  for (const Layout& l : kLayouts)
    expect_as_on_cpu(fmt::format("attention.backward d {}", l.d), CardTolerance{2e-5, 0.04, 0.006},
                     [&](const Maker& make) { return packed(l, make, true); });
}

TEST_F(CardAttention, RepeatsBitForBit) {
  for (const Layout& l : {kLayouts[1], kLayouts[4]}) {
    const Maker make(DType::bf16, Device::cuda);
    expect_identical(read_back(packed(l, make, true)[0]), read_back(packed(l, make, true)[0]), "gradients");
  }
}

TEST_F(CardAttention, QueriesBehindAKeyCache) {
  for (const int64_t d : {64, 128, 24})
    expect_as_on_cpu("attention over a cache", CardTolerance{1e-5, 0.02, 0.003}, [&](const Maker& make) {
      const Array q = make.random({4, 2, d}, 1), k = make.random({3 * 100, 2, d}, 2),
                  v = make.random({3 * 100, 2, d}, 3), out = make.empty({4, 2, d});
      run(AttentionForward{.q = q,
                           .k = k,
                           .v = v,
                           .cu_q = Array::from<int32_t>({0, 1, 3, 4}, {4}),
                           .k_begin = Array::from<int32_t>({200, 0, 100}, {3}),
                           .k_length = Array::from<int32_t>({77, 5, 1}, {3}),
                           .out = out});
      return std::vector{out};
    });
}

/// Every number of lanes a key has, grouped heads, texts shorter and longer than a share of keys.
TEST_F(CardAttention, OneTokenATextOverACache) {
  struct Heads {
    int64_t heads, kv_heads, d;
  };
  for (const Heads h : {Heads{2, 2, 64}, {4, 2, 128}, {2, 1, 96}, {1, 1, 200}, {3, 3, 6}})
    expect_as_on_cpu(fmt::format("cached_attention d {}", h.d), CardTolerance{1e-5, 0.02, 0.003},
                     [&](const Maker& make) {
                       const int64_t capacity = 300;
                       const Array rows = make.random({3, (h.heads + 2 * h.kv_heads) * h.d}, 1),
                                   keys = make.random({3 * capacity, h.kv_heads, h.d}, 2),
                                   values = make.random({3 * capacity, h.kv_heads, h.d}, 3),
                                   out = make.empty({3, h.heads, h.d});
                       const auto part = [&](int64_t first, int64_t count) {
                         return rows.as_strided({3, count, h.d}, {rows.dim(1), h.d, 1}, first * h.d);
                       };
                       run(CachedAttention{.q = part(0, h.heads),
                                           .k = part(h.heads, h.kv_heads),
                                           .v = part(h.heads + h.kv_heads, h.kv_heads),
                                           .keys = keys,
                                           .values = values,
                                           .k_begin = Array::from<int32_t>({600, 0, 300}, {3}),
                                           .k_length = Array::from<int32_t>({1, 257, 33}, {3}),
                                           .out = out,
                                           .longest = capacity});
                       return std::vector{out, keys, values};
                     });
}

TEST_F(CardAttention, Probabilities) {
  expect_as_on_cpu("attention_probs", CardTolerance{1e-5, 1e-4, 1e-4}, [&](const Maker& make) {
    const Array q = make.random({5, 4, 32}, 1), k = make.random({9, 2, 32}, 2),
                probs = make.floats({4, 5, 9});
    run(AttentionProbs{.q = q, .k = k, .probs = probs});
    return std::vector{probs};
  });
}

TEST_F(CardAttention, NamesTheSequenceThatDoesNotFit) {
  const Array q = Array::zeros({4, 1, 64}, DType::bf16, Device::cuda);
  EXPECT_THROW(run(AttentionForward{.q = q,
                                    .k = q,
                                    .v = q,
                                    .cu_q = Array::from<int32_t>({0, 4}, {2}),
                                    .k_begin = Array::from<int32_t>({2}, {1}),
                                    .k_length = Array::from<int32_t>({4}, {1}),
                                    .out = q}),
               Error);
}

}  // namespace
}  // namespace genesis::kernels
