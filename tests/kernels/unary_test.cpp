#include "kernels/unary.h"

#include "kernels/core/run.h"
#include "tests/support/arrays.h"
#include "tests/support/error_message.h"
#include "tests/support/tolerance.h"

namespace genesis::kernels {
namespace {

using namespace genesis::testing;

struct Formula {
  UnaryKind kind;
  const char* name;
  double (*value)(double);
  double (*slope)(double);
  bool positive;
};

double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }

const Formula kFormulas[] = {
    {UnaryKind::exp, "exp", [](double x) { return std::exp(x); }, [](double x) { return std::exp(x); },
     false},
    {UnaryKind::log, "log", [](double x) { return std::log(x); }, [](double x) { return 1 / x; }, true},
    {UnaryKind::sqrt, "sqrt", [](double x) { return std::sqrt(x); },
     [](double x) { return 0.5 / std::sqrt(x); }, true},
    {UnaryKind::square, "square", [](double x) { return x * x; }, [](double x) { return 2 * x; }, false},
    {UnaryKind::reciprocal, "reciprocal", [](double x) { return 1 / x; },
     [](double x) { return -1 / (x * x); }, true},
    {UnaryKind::relu, "relu", [](double x) { return x > 0 ? x : 0.0; },
     [](double x) { return x > 0 ? 1.0 : 0.0; }, false},
    {UnaryKind::sigmoid, "sigmoid", sigmoid, [](double x) { return sigmoid(x) * sigmoid(-x); }, false},
    {UnaryKind::silu, "silu", [](double x) { return x * sigmoid(x); },
     [](double x) { return sigmoid(x) * (1 + x * sigmoid(-x)); }, false},
    {UnaryKind::tanh, "tanh", [](double x) { return std::tanh(x); },
     [](double x) { return 1 / (std::cosh(x) * std::cosh(x)); }, false},
};

TEST(Unary, MatchesTheFormulas) {
  for (const Formula& f : kFormulas) {
    for (DType t : kComputeTypes) {
      for (int64_t n : {0, 1, 31, 32, 33, 20001}) {
        Array x = random_array({n}, t, 1), dy = random_array({n}, t, 2), y = Array::empty({n}, t),
              dx = Array::empty({n}, t);
        if (f.positive) fill_with(x, [v = values_of(x)](int64_t i) { return std::fabs(v[size_t(i)]) + 0.5; });
        run(UnaryForward{.kind = f.kind, .x = x, .y = y});
        const auto v = values_of(x), g = values_of(dy);
        std::vector<double> want, dwant;
        for (size_t i = 0; i < v.size(); ++i)
          want.push_back(f.value(v[i])), dwant.push_back(g[i] * f.slope(v[i]));
        expect_close(y, want, Tolerance::pointwise(t), f.name);
        // A bf16 result carries its own roundoff into the slope written with it; near saturation (tanh) that
        // is all of it.
        const double tolerance = t == DType::bf16 ? 0.03 : t == DType::f32 ? 4e-6 : 2e-14;
        run(UnaryBackward{.kind = f.kind, .saved = gradient_uses_result(f.kind) ? y : x, .dy = dy, .dx = dx});
        expect_close(dx, dwant, tolerance, std::string("slope of ") + f.name);
      }
    }
  }
}

TEST(Unary, FollowsStrides) {
  Array x = random_array({8, 40}, DType::f32, 1), y = Array::empty({40, 8}, DType::f32);
  run(UnaryForward{.kind = UnaryKind::square, .x = x.transpose(0, 1), .y = y});
  auto want = values_of(x.transpose(0, 1));
  for (double& v : want) v *= v;
  expect_close(y, want, 1e-7, "squares");
  run(UnaryBackward{.kind = UnaryKind::square, .saved = x.transpose(0, 1), .dy = y, .dx = y});
  const auto v = values_of(x.transpose(0, 1));
  for (size_t i = 0; i < want.size(); ++i) want[i] *= 2 * v[i];
  expect_close(y, want, 1e-6, "gradient in the place of dy");
  EXPECT_NE(message_of<Error>([&] { run(UnaryForward{.x = x, .y = y}); }).find("y has shape [40, 8]"),
            std::string::npos);
}

}  // namespace
}  // namespace genesis::kernels
