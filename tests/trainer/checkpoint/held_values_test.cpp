#include "trainer/checkpoint/held_values.h"

#include "kernels/copy.h"
#include "kernels/core/run.h"
#include "tests/support/arrays.h"

namespace genesis::trainer {
namespace {

using namespace genesis::testing;

/// Masters of which every third is a tie that was rounded up, and every other third one that was rounded
/// down.
Array masters(int64_t n) {
  const Array a = random_array({n}, DType::f32, 5);
  for (int64_t i = 0; i < n; ++i) {
    uint32_t bits = std::bit_cast<uint32_t>(a.data<float>()[i]);
    if (i % 3 < 2) bits = (bits & 0xfffe0000u) | (i % 3 == 0 ? 0x18000u : 0x08000u);
    a.data<float>()[i] = std::bit_cast<float>(bits);
  }
  return a;
}

optim::AdamWPiece split_piece(const Array& master) {
  const int64_t n = master.numel();
  optim::AdamWPiece piece;
  piece.end = n;
  piece.weight = Array::empty({n}, DType::bf16);
  piece.remainder = Array::empty({n, 2}, DType::u8);
  piece.m = random_array({n}, DType::f32, 6);
  piece.v = Array::full({n}, 0.5, DType::f32);
  kernels::run(kernels::SplitMaster{.master = master, .into = piece.split()});
  return piece;
}

TEST(HeldValues, OfASplitMasterAreTheMasterAndThePlainMoments) {
  const Array master = masters(60);
  const optim::AdamWPiece piece = split_piece(master);
  ASSERT_TRUE(std::signbit(piece.v.data<float>()[0]));  // what a checkpoint must not see
  expect_identical(HeldValues::weight(piece).read(), master, "weight");
  expect_identical(HeldValues::first_moment(piece).read(), piece.m, "first moment");
  expect_identical(HeldValues::second_moment(piece).read(), Array::full({60}, 0.5, DType::f32),
                   "second moment");
}

TEST(HeldValues, PartsAreReadAndWrittenInTheirPlaces) {
  const Array master = masters(60), other = random_array({60}, DType::f32, 9);
  const optim::AdamWPiece piece = split_piece(master);
  const auto inner = [](const HeldValues& v) { return v.view({6, 10}).slice(0, 1, 5).slice(1, 2, 9); };
  const auto inner_of = [](const Array& a) { return a.view({6, 10}).slice(0, 1, 5).slice(1, 2, 9); };
  const HeldValues part = inner(HeldValues::weight(piece));
  EXPECT_EQ(part.shape(), (Shape{4, 7}));
  expect_identical(part.read(), kernels::contiguous(inner_of(master)), "part");
  part.write(kernels::contiguous(inner_of(other)));
  inner(HeldValues::second_moment(piece)).write(Array::full({4, 7}, 0.75, DType::f32));
  const Array wanted = kernels::converted_copy(master, DType::f32);
  kernels::run(kernels::Copy{.src = inner_of(other), .dst = inner_of(wanted)});
  expect_identical(HeldValues::weight(piece).read(), wanted, "weight");
  const Array second = HeldValues::second_moment(piece).read();
  for (int64_t i = 0; i < 60; ++i) {
    const bool inside = i / 10 >= 1 && i / 10 < 5 && i % 10 >= 2 && i % 10 < 9;
    EXPECT_EQ(second.data<float>()[i], inside ? 0.75f : 0.5f) << i;
  }
}

}  // namespace
}  // namespace genesis::trainer
