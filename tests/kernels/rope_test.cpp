#include "kernels/rope.h"

#include "kernels/core/run.h"
#include "tests/support/arrays.h"
#include "tests/support/error_message.h"
#include "tests/support/tolerance.h"

namespace genesis::kernels {
namespace {

using namespace genesis::testing;

DType table_type(DType t) { return t == DType::f64 ? DType::f64 : DType::f32; }

/// The rotation written with complex numbers: (x_i + i x_{i+d/2}) e^{i p theta_i}; of neighbours (x_2i + i
/// x_{2i+1}).
std::vector<double> rotated(const std::vector<double>& x, const std::vector<double>& positions, int64_t heads,
                            int64_t d, double base, double direction,
                            RopePairing pairing = RopePairing::halves) {
  std::vector<double> y(x.size());
  const size_t half = size_t(d / 2);
  const bool halves = pairing == RopePairing::halves;
  for (size_t n = 0; n < positions.size(); ++n) {
    for (size_t h = 0; h < size_t(heads); ++h) {
      for (size_t i = 0; i < half; ++i) {
        const size_t at = (n * size_t(heads) + h) * size_t(d) + (halves ? i : 2 * i);
        const size_t other = at + (halves ? half : 1);
        const double angle = direction * positions[n] / std::pow(base, double(2 * i) / double(d));
        y[at] = x[at] * std::cos(angle) - x[other] * std::sin(angle);
        y[other] = x[at] * std::sin(angle) + x[other] * std::cos(angle);
      }
    }
  }
  return y;
}

TEST(Rope, MatchesTheFormulaBothWays) {
  for (DType t : kComputeTypes) {
    for (const Shape& shape :
         std::vector<Shape>{{0, 2, 4}, {1, 1, 2}, {5, 3, 62}, {33, 2, 64}, {200, 4, 66}}) {
      RopeTable table(shape[2], 10000.0, table_type(t));
      table.ensure(300);
      Array x = random_array(shape, t, 1), y = Array::empty(shape, t),
            positions = random_ids({shape[0]}, 300, 2);
      run(Rope{.x = x, .positions = positions, .cos = table.cos(), .sin = table.sin(), .y = y});
      const auto p = values_of(positions);
      expect_close(y, rotated(values_of(x), p, shape[1], shape[2], 10000.0, 1), Tolerance::angle(t),
                   "rotated");
      const auto once = values_of(y);
      run(Rope{
          .x = y, .positions = positions, .cos = table.cos(), .sin = table.sin(), .y = y, .inverse = true});
      expect_close(y, rotated(once, p, shape[1], shape[2], 10000.0, -1), Tolerance::angle(t),
                   "rotated back in place");
    }
  }
}

TEST(Rope, NeighboursMatchTheFormulaBothWays) {
  for (DType t : kComputeTypes) {
    for (const Shape& shape : std::vector<Shape>{{1, 1, 2}, {5, 3, 62}, {33, 2, 64}}) {
      RopeTable table(shape[2], 10000.0, table_type(t));
      table.ensure(300);
      Array x = random_array(shape, t, 1), y = Array::empty(shape, t),
            positions = random_ids({shape[0]}, 300, 2);
      Rope op{.x = x, .positions = positions, .cos = table.cos(), .sin = table.sin(), .y = y};
      op.pairing = RopePairing::neighbours;
      run(op);
      const auto p = values_of(positions);
      expect_close(y, rotated(values_of(x), p, shape[1], shape[2], 10000.0, 1, op.pairing),
                   Tolerance::angle(t), "rotated");
      const auto once = values_of(y);
      op.x = y;
      op.inverse = true;
      run(op);
      expect_close(y, rotated(once, p, shape[1], shape[2], 10000.0, -1, op.pairing), Tolerance::angle(t),
                   "rotated back in place");
    }
  }
}

TEST(Rope, WorksOnHeadsOfAFusedBuffer) {
  RopeTable table(8, 500.0);
  table.ensure(16);
  Array fused = random_array({6, 5 * 8}, DType::f32, 3), before = random_array({6, 5 * 8}, DType::f32, 3);
  Array positions = random_ids({6}, 16, 4);
  const Array part = fused.view({6, 5, 8}).slice(1, 1, 4);
  run(Rope{.x = part, .positions = positions, .cos = table.cos(), .sin = table.sin(), .y = part});
  const Array old = before.view({6, 5, 8});
  expect_close(part, rotated(values_of(old.slice(1, 1, 4)), values_of(positions), 3, 8, 500.0, 1), 1e-6,
               "heads 1 to 3");
  expect_identical(fused.view({6, 5, 8}).slice(1, 0, 1), old.slice(1, 0, 1), "head 0");
  expect_identical(fused.view({6, 5, 8}).slice(1, 4, 5), old.slice(1, 4, 5), "head 4");
}

TEST(Rope, TableGrowsAndStretches) {
  RopeTable table(16, 10000.0, DType::f64, 3.0);
  table.ensure(4);
  const Array first = table.cos();
  table.ensure(100);
  EXPECT_GE(table.length(), 100);
  expect_identical(table.cos().slice(0, 0, first.dim(0)), first, "the old rows");
  const double base = 10000.0 * std::pow(3.0, 16.0 / 14.0);
  for (int64_t i = 0; i < 8; ++i)
    EXPECT_NEAR(table.sin().data<double>()[99 * 8 + i], std::sin(99 / std::pow(base, double(2 * i) / 16)),
                1e-12);
}

TEST(Rope, RefusesAPositionOutsideTheTable) {
  RopeTable table(4, 10000.0);
  table.ensure(8);
  Array x = Array::zeros({3, 1, 4}, DType::f32);
  for (int32_t wrong : {int32_t(table.length()), -1}) {
    Array positions = Array::from(std::vector<int32_t>{0, wrong, 1}, {3});
    const auto text = message_of<Error>(
        [&] { run(Rope{.x = x, .positions = positions, .cos = table.cos(), .sin = table.sin(), .y = x}); });
    EXPECT_NE(text.find("positions[1] = " + std::to_string(wrong)), std::string::npos) << text;
  }
  EXPECT_THROW(RopeTable(5, 10000.0), Error);
}

}  // namespace
}  // namespace genesis::kernels
