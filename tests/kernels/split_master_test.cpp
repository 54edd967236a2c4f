#include "kernels/split_master.h"

#include "kernels/core/master_bits.h"
#include "kernels/core/run.h"
#include "tests/support/arrays.h"
#include "tests/support/error_message.h"

namespace genesis::kernels {
namespace {

using namespace genesis::testing;

SplitArrays make_split(int64_t n) {
  return {Array::empty({n}, DType::bf16), Array::empty({n, 2}, DType::u8),
          Array::full({n}, 0.25, DType::f32)};
}

uint32_t bits_of(float x) { return std::bit_cast<uint32_t>(x); }

/// The whole round trip of one master, in plain numbers.
uint32_t there_and_back(uint32_t master) {
  const bf16 weight(std::bit_cast<float>(master));
  return joined_bits(uint32_t(weight.bits) << 16, remainder_bits(master), is_carried_tie(master));
}

TEST(SplitMaster, EveryUpperHalfComesBack) {
  int64_t wrong = 0;
  for (uint32_t upper = 0; upper < 65536; ++upper)
    for (uint32_t lower = 0; lower < 65536; lower += lower >= 0x7ff8 && lower < 0x8008 ? 1 : 0x7f) {
      const uint32_t master = upper << 16 | lower, back = there_and_back(master);
      const bool nan = std::isnan(std::bit_cast<float>(master));
      wrong += nan ? !std::isnan(std::bit_cast<float>(back)) : back != master;
    }
  EXPECT_EQ(wrong, 0);
}

TEST(SplitMaster, ATieNeedsItsBit) {
  const uint32_t down = bits_of(1.0f) | 0x8000u, up = down - 0x10000u;  // both round to the even 1.0
  EXPECT_EQ(bf16(std::bit_cast<float>(down)).bits, bf16(std::bit_cast<float>(up)).bits);
  EXPECT_EQ(remainder_bits(down), remainder_bits(up));
  EXPECT_NE(is_carried_tie(down), is_carried_tie(up));
}

TEST(SplitMaster, TakesArraysApartAndTogether) {
  for (const int64_t n : {0, 1, 31, 32, 33, 70001}) {
    const Array master = random_array({n}, DType::f32, uint64_t(n)), back = Array::empty({n}, DType::f32);
    for (int64_t i = 0; i < n; i += 3)  // ties of both kinds
      master.data<float>()[i] =
          std::bit_cast<float>((bits_of(master.data<float>()[i]) & 0xffff0000u) | 0x8000u);
    const SplitArrays split = make_split(n);
    run(SplitMaster{.master = master, .into = split});
    for (int64_t i = 0; i < n; ++i) {
      ASSERT_EQ(split.weight.data<bf16>()[i].bits, bf16(master.data<float>()[i]).bits) << i;
      ASSERT_EQ(std::abs(split.second_moment.data<float>()[i]), 0.25f) << i;
    }
    run(JoinMaster{.from = split, .master = back});
    expect_identical(back, master, "master");
  }
}

TEST(SplitMaster, CountsAWriteOnTheWeight) {
  const SplitArrays split = make_split(4);
  const uint64_t before = split.weight.storage().version();
  run(SplitMaster{.master = Array::zeros({4}, DType::f32), .into = split});
  EXPECT_GT(split.weight.storage().version(), before);
}

TEST(SplitMaster, RefusesWhatDoesNotFit) {
  SplitArrays split = make_split(4);
  split.remainder = Array::zeros({4}, DType::u8);
  EXPECT_NE(message_of<Error>([&] {
              run(SplitMaster{.master = Array::zeros({4}, DType::f32), .into = split});
            }).find("remainder"),
            std::string::npos);
  split = make_split(4);
  split.second_moment = Array::zeros({4}, DType::bf16);
  EXPECT_NE(message_of<Error>([&] {
              run(JoinMaster{.from = split, .master = Array::zeros({4}, DType::f32)});
            }).find("second moment holds bf16"),
            std::string::npos);
}

}  // namespace
}  // namespace genesis::kernels
