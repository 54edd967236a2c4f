// cuDNN's attention against our own kernels on the same arrays, and who is chosen.
#include "kernels/cuda/library_attention.h"

#include "kernels/cuda/sdpa_plan.h"
#include "tests/gpu/card_case.h"
#include "tests/support/temp_folder.h"

namespace genesis::kernels {
namespace {

using namespace genesis::testing;
using cuda::AttentionWay;

class CardLibraryAttention : public CardTest {
 protected:
  void SetUp() override {
    CardTest::SetUp();
    if (!IsSkipped() && !cuda::cudnn_state().missing.empty()) GTEST_SKIP() << cuda::cudnn_state().missing;
  }
  void TearDown() override { cuda::set_attention_way(AttentionWay::own); }
};

struct Layout {
  int64_t heads, kv_heads, d;
  std::vector<int32_t> lengths;
};

const std::vector<int32_t> kEight(8, 64);

/// {out, lse, gradients of q | k | v} of packed documents in a fused buffer.
std::vector<Array> attend(const Layout& l, DType dtype, AttentionWay way) {
  cuda::set_attention_way(way);
  const Maker make(dtype, Device::cuda);
  std::vector<int32_t> cu{0};
  for (const int32_t n : l.lengths) cu.push_back(cu.back() + n);
  const int64_t n = cu.back(), row = (l.heads + 2 * l.kv_heads) * l.d;
  const Array bounds = Array::from(cu, {int64_t(cu.size())}),
              lengths = Array::from(l.lengths, {int64_t(l.lengths.size())}),
              begin = bounds.slice(0, 0, lengths.numel());
  const auto part = [&](const Array& rows, int64_t first, int64_t count) {
    return rows.as_strided({n, count, l.d}, {row, l.d, 1}, first * l.d);
  };
  const Array qkv = make.random({n, row}, 1), grads = make.empty({n, row}),
              out = make.empty({n, l.heads, l.d}), lse = make.floats({l.heads, n});
  const auto of = [&](const Array& rows, int i) {
    return part(rows, i == 0 ? 0 : l.heads + (i - 1) * l.kv_heads, i == 0 ? l.heads : l.kv_heads);
  };
  run(AttentionForward{.q = of(qkv, 0),
                       .k = of(qkv, 1),
                       .v = of(qkv, 2),
                       .cu_q = bounds,
                       .k_begin = begin,
                       .k_length = lengths,
                       .out = out,
                       .lse = lse});
  run(AttentionBackward{.dout = make.random({n, l.heads, l.d}, 2),
                        .q = of(qkv, 0),
                        .k = of(qkv, 1),
                        .v = of(qkv, 2),
                        .out = out,
                        .lse = lse,
                        .cu_q = bounds,
                        .k_begin = begin,
                        .k_length = lengths,
                        .dq = of(grads, 0),
                        .dk = of(grads, 1),
                        .dv = of(grads, 2)});
  return {read_back(out), read_back(lse), read_back(grads)};
}

void expect_as_ours(const Layout& l, DType dtype) {
  const auto ours = attend(l, dtype, AttentionWay::own), theirs = attend(l, dtype, AttentionWay::library);
  const char* names[] = {"out", "lse", "gradients"};
  for (size_t i = 0; i < ours.size(); ++i)
    expect_close(theirs[i], values_of(ours[i]), i == 1 ? 1e-3 : 0.04,
                 fmt::format("{} of d {}", names[i], l.d));
}

TEST_F(CardLibraryAttention, EvenDocumentsAsOurKernels) {
  expect_as_ours({2, 1, 64, {128, 128, 128, 128}}, DType::bf16);
  expect_as_ours({1, 1, 128, kEight}, DType::f16);
}

TEST_F(CardLibraryAttention, PackedDocumentsAsOurKernels) {
  expect_as_ours({2, 1, 64, {1, 130, 64, 200, 33, 90}}, DType::bf16);
  expect_as_ours({1, 1, 96, {150, 170, 200}}, DType::f16);
}

TEST_F(CardLibraryAttention, RepeatsBitForBit) {
  const Layout l{2, 1, 64, {100, 120, 140, 160}};
  const auto first = attend(l, DType::bf16, AttentionWay::library),
             second = attend(l, DType::bf16, AttentionWay::library);
  for (size_t i = 0; i < first.size(); ++i) expect_identical(second[i], first[i], "the second run");
}

TEST_F(CardLibraryAttention, WhoIsFasterIsMeasuredAndKept) {
  const TempFolder folder;
  ::setenv("GENESIS_CACHE", folder.path().c_str(), 1);
  const Layout l{1, 1, 64, kEight};
  const auto measured = attend(l, DType::bf16, AttentionWay::measured);
  EXPECT_NE(cuda::attention_measurements().find("attention.forward.even.bf16.b8.s64"), std::string::npos);
  const auto ours = attend(l, DType::bf16, AttentionWay::own),
             theirs = attend(l, DType::bf16, AttentionWay::library);
  const auto is = [](const Array& a, const Array& b) {
    return std::memcmp(a.raw(), b.raw(), size_t(a.nbytes())) == 0;
  };
  EXPECT_TRUE(is(measured[0], ours[0]) || is(measured[0], theirs[0]));
  const std::string before = cuda::attention_measurements();
  const auto again = attend(l, DType::bf16, AttentionWay::measured);  // from the file
  EXPECT_EQ(cuda::attention_measurements(), before);
  expect_identical(again[0], measured[0], "out");
  ::unsetenv("GENESIS_CACHE");
}

TEST_F(CardLibraryAttention, WithoutAPlanOurKernelsCompute) {
  const Layout l{1, 1, 72, kEight};
  const auto ours = attend(l, DType::bf16, AttentionWay::own),
             asked = attend(l, DType::bf16, AttentionWay::library);
  expect_close(asked[0], values_of(ours[0]), 0.02, "out");
}

TEST_F(CardLibraryAttention, WrongNumbersAreNeverChosen) {
  const TempFolder folder;
  ::setenv("GENESIS_CACHE", folder.path().c_str(), 1);
  const Layout l{3, 3, 64, kEight};  // the emulated cuDNN is wrong here; a real one is not
  const auto measured = attend(l, DType::bf16, AttentionWay::measured),
             ours = attend(l, DType::bf16, AttentionWay::own);
  ::unsetenv("GENESIS_CACHE");
  expect_close(measured[0], values_of(ours[0]), 0.02, "out");
}

}  // namespace
}  // namespace genesis::kernels
