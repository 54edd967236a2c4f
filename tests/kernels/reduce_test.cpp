#include "kernels/reduce.h"

#include "kernels/core/run.h"
#include "tests/support/arrays.h"
#include "tests/support/error_message.h"
#include "tests/support/tolerance.h"

namespace genesis::kernels {
namespace {

using namespace genesis::testing;

/// Sum or largest along dims, element by element over the whole index space.
std::vector<double> reference(const Array& x, const Shape& dims, ReduceKind kind) {
  const auto reduced = reduced_dimensions(x.ndim(), dims);
  const Shape kept = reduced_shape(x.shape(), dims, false);
  std::vector<double> out(size_t(numel_of(kept)), kind == ReduceKind::max ? -INFINITY : 0.0);
  const auto v = values_of(x);
  for (size_t i = 0; i < v.size(); ++i) {
    int64_t rest = int64_t(i), at = 0, step = 1;
    for (int64_t d = x.ndim() - 1; d >= 0; --d) {
      if (!reduced[size_t(d)]) {
        at += rest % x.dim(d) * step;
        step *= x.dim(d);
      }
      rest /= x.dim(d);
    }
    double& o = out[size_t(at)];
    o = kind == ReduceKind::max ? std::max(o, v[i]) : o + v[i];
  }
  if (kind == ReduceKind::mean)
    for (double& o : out) o *= double(out.size()) / double(v.size());
  return out;
}

struct Case {
  Array x;
  Shape dims;
};

std::vector<Case> cases(DType t) {
  Array cube = random_array({7, 33, 50}, t, 1), wide = random_array({300, 1500}, t, 2),
        line = random_array({100001}, t, 3);
  return {{cube, {0}},
          {cube, {1}},
          {cube, {2}},
          {cube, {0, 1}},
          {cube, {0, 2}},
          {cube, {-1, -2}},
          {cube, {0, 1, 2}},
          {cube, {}},
          {wide, {0}},
          {wide, {1}},
          {wide, {0, 1}},
          {line, {0}},
          {cube.transpose(0, 2), {0}},
          {cube.transpose(0, 2), {2}},
          {cube.transpose(1, 2), {0, 1}},
          {cube.slice(2, 3, 36), {1}},
          {random_array({1}, t, 4), {0}},
          {random_array({31, 1}, t, 4), {1}},
          {random_array({100000, 3}, t, 5), {0}},
          {random_array({4, 1}, t, 6).expand({4, 40}), {1}},
          {random_array({0, 4}, t, 7), {1}}};
}

TEST(Reduce, MatchesTheFormula) {
  for (DType t : kComputeTypes) {
    for (const Case& c : cases(t)) {
      for (ReduceKind kind : {ReduceKind::sum, ReduceKind::mean, ReduceKind::max}) {
        for (DType yt : {t, t == DType::f64 ? t : DType::f32}) {
          Array y = Array::empty(reduced_shape(c.x.shape(), c.dims, false), yt);
          run(Reduce{.kind = kind, .x = c.x, .dims = c.dims, .y = y});
          const double tolerance = kind == ReduceKind::max ? 0
                                   : yt == DType::bf16     ? Tolerance::sum(yt)
                                                           : Tolerance::column_sum(t);
          expect_close(y, reference(c.x, c.dims, kind), tolerance,
                       "reduced " + to_string(c.x.shape()) + " along " + to_string(c.dims));
        }
      }
    }
  }
}

TEST(Reduce, DoesNotDependOnThreads) {
  for (const Case& c : cases(DType::f32))
    expect_thread_independent(
        [&] {
          Array y = Array::empty(reduced_shape(c.x.shape(), c.dims, true), DType::f32);
          run(Reduce{.x = c.x, .dims = c.dims, .y = y});
          return y;
        },
        to_string(c.x.shape()));
}

TEST(Reduce, NothingAndNan) {
  Array none = Array::zeros({3, 0}, DType::f32), y = Array::full({3}, 5, DType::f32);
  run(Reduce{.x = none, .dims = {1}, .y = y});
  EXPECT_EQ(values_of(y), std::vector<double>(3, 0.0));
  EXPECT_NE(message_of<Error>([&] {
              run(Reduce{.kind = ReduceKind::max, .x = none, .dims = {1}, .y = y});
            }).find("largest of nothing"),
            std::string::npos);
  for (size_t bad : {0, 1, 2}) {
    std::vector<float> v = {1, 2, 3};
    v[bad] = NAN;
    Array x = Array::from(v, {3}), top = Array::empty({}, DType::f32);
    run(Reduce{.kind = ReduceKind::max, .x = x, .dims = {0}, .y = top});
    EXPECT_TRUE(std::isnan(top.data<float>()[0])) << bad;
  }
}

TEST(Reduce, RefusesWhatDoesNotFit) {
  Array x = Array::zeros({2, 3}, DType::f32), y = Array::zeros({2}, DType::f32);
  EXPECT_NE(
      message_of<Error>([&] { run(Reduce{.x = x, .dims = {0}, .y = y}); }).find("expected [1, 3] or [3]"),
      std::string::npos);
  EXPECT_NE(message_of<Error>([&] { run(Reduce{.x = x, .dims = {2}, .y = y}); }).find("dimension 2"),
            std::string::npos);
  EXPECT_NE(message_of<Error>([&] {
              run(Reduce{.x = x, .dims = {1, -1}, .y = y});
            }).find("named twice"),
            std::string::npos);
}

}  // namespace
}  // namespace genesis::kernels
