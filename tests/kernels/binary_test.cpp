#include "kernels/binary.h"

#include "kernels/core/run.h"
#include "tests/support/arrays.h"
#include "tests/support/error_message.h"
#include "tests/support/tolerance.h"

namespace genesis::kernels {
namespace {

using namespace genesis::testing;

double formula(BinaryKind kind, double a, double b) {
  switch (kind) {
    case BinaryKind::add:
      return a + b;
    case BinaryKind::subtract:
      return a - b;
    case BinaryKind::multiply:
      return a * b;
    default:
      return a / b;
  }
}

TEST(Binary, MatchesTheFormulaWithBroadcasting) {
  const std::vector<std::pair<Shape, Shape>> shapes = {
      {{0}, {0}},       {{1}, {1}},          {{31}, {31}},     {{33, 5}, {33, 5}},
      {{20001}, {1}},   {{1}, {333}},        {{40, 33}, {33}}, {{40, 33}, {40, 1}},
      {{1, 5}, {6, 1}}, {{2, 1, 7}, {3, 1}}, {{}, {4, 2}},     {{300, 300}, {300, 300}}};
  for (DType t : kComputeTypes) {
    for (const auto& [sa, sb] : shapes) {
      for (BinaryKind kind :
           {BinaryKind::add, BinaryKind::subtract, BinaryKind::multiply, BinaryKind::divide}) {
        Array a = random_array(sa, t, 1), b = random_array(sb, t, 2),
              y = Array::empty(broadcast_shape(sa, sb), t);
        run(Binary{.kind = kind, .a = a, .b = b, .y = y});
        const auto va = values_of(a.expand(y.shape())), vb = values_of(b.expand(y.shape()));
        std::vector<double> want(va.size());
        for (size_t i = 0; i < want.size(); ++i) want[i] = formula(kind, va[i], vb[i]);
        expect_close(y, want, Tolerance::pointwise(t), "y");
      }
    }
  }
}

TEST(Binary, FollowsStridesAndWorksInPlace) {
  Array x = random_array({30, 20}, DType::f32, 1), y = random_array({20, 30}, DType::f32, 2);
  auto want = values_of(x.transpose(0, 1));
  const auto b = values_of(y);
  for (size_t i = 0; i < want.size(); ++i) want[i] -= b[i];
  run(Binary{.kind = BinaryKind::subtract, .a = x.transpose(0, 1), .b = y, .y = y});
  expect_close(y, want, 1e-7, "y in the place of b");
}

TEST(Binary, RefusesWhatDoesNotFit) {
  Array a = Array::zeros({2, 3}, DType::f32), b = Array::zeros({4}, DType::f32);
  EXPECT_NE(
      message_of<Error>([&] { run(Binary{.a = a, .b = b, .y = a}); }).find("[2, 3] and [4] do not broadcast"),
      std::string::npos);
  EXPECT_NE(message_of<Error>([&] {
              run(Binary{.a = a, .b = Array::zeros({3}, DType::bf16), .y = a});
            }).find("b holds bf16"),
            std::string::npos);
}

}  // namespace
}  // namespace genesis::kernels
