// Norms, softmax, SwiGLU, RoPE: operations over rows.
#include "kernels/add_rms_norm.h"
#include "kernels/argmax.h"
#include "kernels/logn_scale.h"
#include "kernels/rms_norm.h"
#include "kernels/rope.h"
#include "kernels/softmax.h"
#include "kernels/swiglu.h"
#include "tests/gpu/card_case.h"

namespace genesis::kernels {
namespace {

using namespace genesis::testing;

class CardRows : public CardTest {};

Shape without_last(Shape s) {
  s.pop_back();
  return s;
}
Shape with_last(Shape s, int64_t n) {
  s.back() = n;
  return s;
}

TEST_F(CardRows, RmsNormForward) {
  for (const Shape& shape : kCardShapes)
    for (const bool own_weight : {true, false})
      for (const bool apart : {false, true})
        expect_as_on_cpu("rms_norm.forward " + to_string(shape), kRoundedTwice, [&](const Maker& make) {
          const Array x = apart ? make.random_apart(shape, 1) : make.random(shape, 1),
                      y = apart ? make.empty_apart(shape) : make.empty(shape),
                      rstd = make.floats(without_last(shape));
          run(RmsNormForward{
              .x = x,
              .weight = own_weight ? make.random({shape.back()}, 2) : make.random_f32({shape.back()}, 2),
              .y = y,
              .rstd = rstd});
          return std::vector{y, rstd};
        });
}

TEST_F(CardRows, RmsNormOfLongRows) {
  for (const int64_t width : {8192, 8200, 20000})
    expect_as_on_cpu("rms_norm of " + std::to_string(width), kRoundedTwice, [&](const Maker& make) {
      const Array x = make.random({3, width}, 1), y = make.empty({3, width}), rstd = make.floats({3}),
                  weight = make.random_f32({width}, 2), dx = make.empty({3, width}),
                  dweight = make.floats({width});
      run(RmsNormForward{.x = x, .weight = weight, .y = y, .rstd = rstd});
      run(RmsNormBackward{.dy = make.random({3, width}, 3),
                          .x = x,
                          .weight = weight,
                          .rstd = rstd,
                          .dx = dx,
                          .dweight = dweight});
      return std::vector{y, rstd, dx, dweight};
    });
}

/// {y, dx, dweight} of rows of random numbers.
std::vector<Array> norm_and_gradients(const Maker& make, const Shape& shape, bool with_residual,
                                      bool accumulate) {
  const Array x = make.random(shape, 1), weight = make.random_f32({shape.back()}, 2),
              rstd = make.floats(without_last(shape)), y = make.empty(shape), dx = make.empty(shape),
              dweight = make.random_f32({shape.back()}, 5);
  run(RmsNormForward{.x = x, .weight = weight, .y = y, .rstd = rstd});
  run(RmsNormBackward{.dy = make.random(shape, 3),
                      .x = x,
                      .weight = weight,
                      .rstd = rstd,
                      .dresidual = with_residual ? make.random(shape, 4) : Array(),
                      .dx = dx,
                      .dweight = dweight,
                      .accumulate_dweight = accumulate});
  return {y, dx, dweight};
}

TEST_F(CardRows, RmsNormBackward) {
  for (const Shape& shape : kCardShapes)
    for (const bool with_residual : {true, false})
      for (const bool accumulate : {true, false})
        expect_as_on_cpu("rms_norm.backward " + to_string(shape), kProducts, [&](const Maker& make) {
          return norm_and_gradients(make, shape, with_residual, accumulate);
        });
}

/// More rows than a launch has groups of threads, so that each walks several; narrow rows share a block, and
/// a row of more than 8192 elements does not fit in registers.
TEST_F(CardRows, RmsNormOfManyAndOfWideRows) {
  for (const Shape& shape : {Shape{1100, 1032}, {4300, 72}, {3, 8200}, {2, 8201}})
    expect_as_on_cpu("rms_norm " + to_string(shape), kProducts,
                     [&](const Maker& make) { return norm_and_gradients(make, shape, true, false); });
}

TEST_F(CardRows, RmsNormBackwardInPlaceOnHeads) {
  expect_as_on_cpu("rms_norm.backward of heads, dx over dy", kProducts, [&](const Maker& make) {
    const int64_t n = 37, heads = 3, d = 48;
    const auto heads_of = [&](const Array& rows) {
      return rows.as_strided({n, heads, d}, {rows.dim(1), d, 1}, d);
    };
    const Array rows = make.random({n, 5 * d}, 1), dy = make.random({n, 5 * d}, 2),
                weight = make.random_f32({d}, 3), rstd = make.floats({n, heads}),
                y = make.empty({n, heads, d});
    run(RmsNormForward{.x = heads_of(rows), .weight = weight, .y = y, .rstd = rstd});
    run(RmsNormBackward{
        .dy = heads_of(dy), .x = heads_of(rows), .weight = weight, .rstd = rstd, .dx = heads_of(dy)});
    return std::vector{y, dy};
  });
}

TEST_F(CardRows, AddRmsNorm) {
  for (const Shape& shape : kCardShapes)
    expect_as_on_cpu("add_rms_norm " + to_string(shape), CardTolerance{4e-6, 0.016, 0.0024},
                     [&](const Maker& make) {
                       const Array x = make.random(shape, 1), delta = make.random_apart(shape, 2),
                                   residual = make.empty(shape), y = make.empty(shape),
                                   rstd = make.floats(without_last(shape));
                       run(AddRmsNormForward{.x = x,
                                             .delta = delta,
                                             .weight = make.random_f32({shape.back()}, 3),
                                             .residual = residual,
                                             .y = y,
                                             .rstd = rstd});
                       return std::vector{residual, y, rstd};
                     });
}

TEST_F(CardRows, Softmax) {
  for (const Shape& shape : kCardShapes)
    expect_as_on_cpu("softmax " + to_string(shape), kProducts, [&](const Maker& make) {
      const Array x = make.random(shape, 1, 3), y = make.empty(shape), dx = make.empty(shape);
      run(SoftmaxForward{.x = x, .y = y});
      run(SoftmaxBackward{.y = make.random(shape, 3), .dy = make.random(shape, 2), .dx = dx});
      return std::vector{y, dx};
    });
}

TEST_F(CardRows, Swiglu) {
  for (const Shape& shape : kCardShapes)
    for (const bool apart : {false, true})
      expect_as_on_cpu("swiglu " + to_string(shape), kPointwise, [&](const Maker& make) {
        const Shape twice = with_last(shape, 2 * shape.back());
        const Array x = apart ? make.random_apart(twice, 1) : make.random(twice, 1, 2), y = make.empty(shape),
                    dx = make.empty(twice);
        run(SwigluForward{.x = x, .y = y});
        run(SwigluBackward{.dy = make.random(shape, 2), .x = x, .dx = dx});
        return std::vector{y, dx};
      });
}

TEST_F(CardRows, Rope) {
  for (const RopePairing pairing : {RopePairing::halves, RopePairing::neighbours})
    for (const int64_t d : {2, 14, 64, 128})
      for (const int64_t n : {1, 33, 130})
        expect_as_on_cpu("rope", kPointwise, [&](const Maker& make) {
          RopeTable table(d, 10000);
          table.ensure(n + 5);
          const Array positions = random_ids({n}, n + 5, 4);
          const Array rows = make.random({n, 5 * d}, 1), y = make.empty({n, 3, d});
          const Array x = rows.as_strided({n, 3, d}, {5 * d, d, 1}, d);
          Rope op{.x = x, .positions = positions, .cos = table.cos(), .sin = table.sin(), .y = y};
          op.pairing = pairing;
          run(op);
          op.y = x;
          op.inverse = true;
          run(op);
          return std::vector{y, rows};
        });
}

TEST_F(CardRows, RopeChecksPositions) {
  RopeTable table(8, 10000);
  table.ensure(4);
  const Array x = Array::zeros({1, 1, 8}, DType::f32, Device::cuda);
  EXPECT_THROW(run(Rope{.x = x,
                        .positions = Array::from<int32_t>({4}, {1}),
                        .cos = table.cos(),
                        .sin = table.sin(),
                        .y = x}),
               Error);
}

TEST_F(CardRows, LognScale) {
  expect_as_on_cpu("logn_scale", kPointwise, [&](const Maker& make) {
    const Array x = make.random({40, 3, 20}, 1), y = make.empty({40, 3, 20});
    run(LognScale{.x = x, .positions = random_ids({40}, 64, 2), .length = 16, .y = y});
    return std::vector{y};
  });
}

TEST_F(CardRows, Argmax) {
  for (const Shape& shape : kCardShapes) {
    if (shape[0] == 0) continue;
    const Array x = random_array(shape, DType::f32, 1), host = Array::empty(without_last(shape), DType::i64),
                card = Array::empty(without_last(shape), DType::i64, Device::cuda);
    run(Argmax{.x = x, .y = host});
    run(Argmax{.x = on_device(x, Device::cuda), .y = card});
    expect_identical(read_back(card), host, "argmax " + to_string(shape));
  }
  const Array odd = Array::from<float>({1, NAN, 7, NAN, 3, 3, 3, 3}, {2, 4});
  const Array y = Array::empty({2}, DType::i64, Device::cuda);
  run(Argmax{.x = on_device(odd, Device::cuda), .y = y});
  EXPECT_EQ(values_of(read_back(y)), (std::vector<double>{1, 0}));
}

}  // namespace
}  // namespace genesis::kernels
