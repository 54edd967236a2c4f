#include "kernels/rms_norm.h"

#include "kernels/core/run.h"
#include "tests/support/arrays.h"
#include "tests/support/error_message.h"
#include "tests/support/tolerance.h"

namespace genesis::kernels {
namespace {

using namespace genesis::testing;

constexpr double kEps = 1e-5;

struct Case {
  Array x, weight, y, rstd;
  Case(Shape shape, DType dtype, DType weight_dtype)
      : x(random_array(shape, dtype, 1, 2.0)),
        weight(random_array({shape.back()}, weight_dtype, 2)),
        y(Array::empty(shape, dtype)),
        rstd(Array::empty(Shape(shape.begin(), shape.end() - 1),
                          dtype == DType::f64 ? DType::f64 : DType::f32)) {}
  void forward() const { run(RmsNormForward{.x = x, .weight = weight, .eps = kEps, .y = y, .rstd = rstd}); }
};

double rounded(double v, DType t) { return t == DType::bf16 ? double(float(bf16(float(v)))) : v; }

/// 1 / sqrt(mean x^2 + eps) of each row.
std::vector<double> reference_rstd(const std::vector<double>& x, int64_t width) {
  std::vector<double> out;
  for (size_t begin = 0; begin < x.size(); begin += size_t(width)) {
    double squares = 0;
    for (int64_t h = 0; h < width; ++h) squares += x[begin + size_t(h)] * x[begin + size_t(h)];
    out.push_back(1 / std::sqrt(squares / double(width) + kEps));
  }
  return out;
}

const std::vector<Shape> kShapes = {{0, 5},   {1, 1},     {3, 31},   {2, 32},
                                    {33, 33}, {130, 100}, {5, 1031}, {2, 3, 4, 17}};

TEST(RmsNorm, ForwardMatchesTheFormula) {
  for (DType t : kComputeTypes) {
    for (DType wt : {t, t == DType::f64 ? DType::f64 : DType::f32}) {
      for (const Shape& shape : kShapes) {
        Case c(shape, t, wt);
        c.forward();
        const auto x = values_of(c.x), w = values_of(c.weight), rstd = reference_rstd(x, shape.back());
        std::vector<double> y(x.size());
        for (size_t i = 0; i < x.size(); ++i)
          y[i] = rounded(x[i] * rstd[i / size_t(shape.back())], t) * w[i % size_t(shape.back())];
        expect_close(c.y, y, Tolerance::rounded_twice(t), "y");
        expect_close(c.rstd, rstd, Tolerance::sum(t == DType::bf16 ? DType::f32 : t), "rstd");
      }
    }
  }
}

TEST(RmsNorm, RoundsBeforeTheWeight) {
  const float n = 1.5f / std::sqrt(1.625f);  // no bf16 number
  Array x = Array::empty({1, 2}, DType::bf16), y = Array::empty({1, 2}, DType::bf16),
        rstd = Array::empty({1}, DType::f32);
  fill_with(x, [](int64_t i) { return i == 0 ? 1.5 : 1.0; });
  int telling = 0;
  for (int i = 0; i < 100; ++i) {
    const float w = 1.0f + float(i) / 64;
    run(RmsNormForward{.x = x, .weight = Array::full({2}, w, DType::f32), .eps = 0, .y = y, .rstd = rstd});
    EXPECT_EQ(float(y.data<bf16>()[0]), float(bf16(float(bf16(n)) * w))) << w;
    telling += float(bf16(float(bf16(n)) * w)) != float(bf16(n * w));
  }
  EXPECT_GT(telling, 0) << "no weight tells the two orders apart";
}

TEST(RmsNorm, BackwardMatchesTheFormula) {
  for (DType t : kComputeTypes) {
    for (DType wt : {t, t == DType::f64 ? DType::f64 : DType::f32}) {
      for (const Shape& shape : kShapes) {
        const int64_t width = shape.back();
        Case c(shape, t, wt);
        c.forward();
        const DType sum_type = c.rstd.dtype();
        Array dy = random_array(shape, t, 3), dresidual = random_array(shape, t, 4),
              dx = Array::empty(shape, t);
        Array dweight = random_array({width}, sum_type, 5);
        const auto dw0 = values_of(dweight);
        run(RmsNormBackward{.dy = dy,
                            .x = c.x,
                            .weight = c.weight,
                            .rstd = c.rstd,
                            .dresidual = dresidual,
                            .dx = dx,
                            .dweight = dweight,
                            .accumulate_dweight = true});
        const auto x = values_of(c.x), w = values_of(c.weight), g = values_of(dy), res = values_of(dresidual);
        const auto rstd = reference_rstd(x, width);
        std::vector<double> want(x.size()), dw = dw0;
        for (size_t r = 0; r < rstd.size(); ++r) {
          double mean = 0;
          for (size_t h = 0; h < size_t(width); ++h) {
            const size_t i = r * size_t(width) + h;
            mean += g[i] * w[h] * x[i] * rstd[r] / double(width);
            dw[h] += g[i] * x[i] * rstd[r];
          }
          for (size_t h = 0; h < size_t(width); ++h) {
            const size_t i = r * size_t(width) + h;
            want[i] = res[i] + rstd[r] * (g[i] * w[h] - x[i] * rstd[r] * mean);
          }
        }
        expect_close(dx, want, Tolerance::sum(t), "dx");
        expect_close(dweight, dw, Tolerance::column_sum(t), "dweight");

        run(RmsNormBackward{
            .dy = dy, .x = c.x, .weight = c.weight, .rstd = c.rstd, .dx = dy, .dweight = dweight});
        for (size_t i = 0; i < want.size(); ++i) want[i] -= res[i];
        for (size_t h = 0; h < dw.size(); ++h) dw[h] -= dw0[h];
        // Width 1: dx is what eps leaves of a difference of equal numbers; its error is relative to those.
        if (width > 1) expect_close(dy, want, Tolerance::sum(t), "dx in the place of dy");
        expect_close(dweight, dw, Tolerance::column_sum(t), "dweight overwritten");
      }
    }
  }
}

TEST(RmsNorm, TakesStridedRows) {
  // The QK-norm's case: heads 1 and 2 of 5 in a fused buffer.
  const Shape shape = {9, 2, 8};
  for (DType t : kComputeTypes) {
    Array fused = random_array({9, 5 * 8}, t, 6), out = Array::full({9, 5 * 8}, 7, t);
    const auto heads = [&](const Array& a) { return a.view({9, 5, 8}).slice(1, 1, 3); };
    Case c(shape, t, t);
    fill_with(c.x, [v = values_of(heads(fused))](int64_t i) { return v[size_t(i)]; });
    c.forward();
    run(RmsNormForward{.x = heads(fused), .weight = c.weight, .eps = kEps, .y = heads(out), .rstd = c.rstd});
    expect_identical(heads(out), c.y, "strided rows");
    EXPECT_EQ(values_of(out)[0], 7) << "the other heads stay as they were";
    EXPECT_EQ(values_of(out)[24], 7);
  }
}

TEST(RmsNorm, DoesNotDependOnThreads) {
  for (DType t : {DType::f32, DType::bf16}) {
    Case c({1001, 65}, t, t);
    Array dy = random_array({1001, 65}, t, 3);
    expect_thread_independent(
        [&] {
          c.forward();
          return c.y;
        },
        "y");
    expect_thread_independent(
        [&] {
          Array dweight = Array::zeros({65}, DType::f32), dx = Array::empty({1001, 65}, t);
          run(RmsNormBackward{
              .dy = dy, .x = c.x, .weight = c.weight, .rstd = c.rstd, .dx = dx, .dweight = dweight});
          return dweight;
        },
        "dweight");
  }
}

TEST(RmsNorm, RefusesWhatDoesNotFit) {
  Case c({3, 8}, DType::f32, DType::f32);
  c.weight = Array::zeros({7}, DType::f32);
  EXPECT_NE(message_of<Error>([&] { c.forward(); }).find("weight has shape [7], expected [8]"),
            std::string::npos);
  c = Case({3, 8}, DType::f32, DType::f32);
  c.x = c.x.view({8, 3}).transpose(0, 1);
  EXPECT_NE(message_of<Error>([&] { c.forward(); }).find("rows of x have stride 3"), std::string::npos);
  c = Case({3, 8}, DType::f32, DType::bf16);
  EXPECT_NE(message_of<Error>([&] { c.forward(); }).find("weight holds bf16, expected f32"),
            std::string::npos);
}

}  // namespace
}  // namespace genesis::kernels
