// Operations element by element, copies, reductions, selections, random numbers.
#include "kernels/accumulate.h"
#include "kernels/affine.h"
#include "kernels/binary.h"
#include "kernels/cat.h"
#include "kernels/dropout.h"
#include "kernels/fill.h"
#include "kernels/index_select.h"
#include "kernels/random_fill.h"
#include "kernels/reduce.h"
#include "kernels/scale.h"
#include "kernels/unary.h"
#include "tests/gpu/card_case.h"

namespace genesis::kernels {
namespace {

using namespace genesis::testing;

class CardPointwise : public CardTest {};

/// Numbers from a half on.
Array positive(const Shape& shape, uint64_t stream) {
  const Array x = random_array(shape, DType::f32, stream);
  fill_with(x, [&, v = values_of(x)](int64_t i) { return 0.5 + 0.5 * v[size_t(i)] * v[size_t(i)]; });
  return x;
}

TEST_F(CardPointwise, Accumulate) {
  for (const Shape& shape : kCardShapes)
    for (const bool overwrite : {true, false})
      expect_as_on_cpu("accumulate", kRoundedTwice, [&](const Maker& make) {
        const Array own = make.random(shape, 2), sums = make.random_f32(shape, 3),
                    src = make.random(shape, 1);
        run(Accumulate{.src = src, .dst = own, .overwrite = overwrite});
        run(Accumulate{.src = src, .dst = sums, .overwrite = overwrite});
        run(Accumulate{.src = sums, .dst = own, .overwrite = overwrite});
        return std::vector{own, sums};
      });
}

TEST_F(CardPointwise, AffineAndScale) {
  for (const Shape& shape : kCardShapes)
    expect_as_on_cpu("affine", kRoundedTwice, [&](const Maker& make) {
      const Array x = make.random(shape, 1), y = make.empty_apart(shape), z = make.random(shape, 2);
      run(Affine{.x = x, .factor = 1.5, .offset = -0.25, .y = y});
      const auto before = z.storage().version();
      run(Scale{.arrays = {x, z}, .factor = 0.3});
      EXPECT_GT(z.storage().version(), before);
      return std::vector{x, y, z};
    });
}

TEST_F(CardPointwise, BinaryBroadcasts) {
  for (const auto kind : {BinaryKind::add, BinaryKind::subtract, BinaryKind::multiply, BinaryKind::divide})
    expect_as_on_cpu("binary", kPointwise, [&](const Maker& make) {
      const Array a = make.random({5, 1, 33}, 1), b = make.place(positive({4, 33}, 2)),
                  flat = make.random({5, 4, 33}, 3), y = make.empty({5, 4, 33}), z = make.empty({5, 4, 33});
      run(Binary{.kind = kind, .a = a, .b = b, .y = y});
      run(Binary{.kind = kind, .a = flat, .b = flat, .y = z});
      return std::vector{y, z};
    });
}

TEST_F(CardPointwise, Unary) {
  for (const auto kind :
       {UnaryKind::exp, UnaryKind::log, UnaryKind::sqrt, UnaryKind::square, UnaryKind::reciprocal,
        UnaryKind::relu, UnaryKind::sigmoid, UnaryKind::silu, UnaryKind::tanh})
    for (const Shape& shape : kCardShapes)
      expect_as_on_cpu("unary", CardTolerance{1e-5, 0.006, 0.001}, [&](const Maker& make) {
        const Array x = make.place(positive(shape, 1)), y = make.empty(shape), dx = make.empty_apart(shape);
        run(UnaryForward{.kind = kind, .x = x, .y = y});
        run(UnaryBackward{
            .kind = kind, .saved = make.place(positive(shape, 3)), .dy = make.random(shape, 2), .dx = dx});
        return std::vector{y, dx};
      });
}

TEST_F(CardPointwise, CopyOfEveryPairAndLayout) {
  const std::vector<DType> all = {DType::f64, DType::f32, DType::bf16, DType::f16,
                                  DType::i64, DType::i32, DType::u8};
  for (const DType from : all) {
    for (const DType to : all) {
      Array src = Array::empty({6, 7, 9}, from);
      fill_with(src, [](int64_t i) { return double(i % 97); });
      const Array card = on_device(src, Device::cuda);
      const auto turned = [&](const Array& a) { return a.transpose(0, 2).slice(1, 1, 6); };
      const Array host_to = Array::empty({9, 5, 6}, to), card_to = Array::empty({9, 5, 6}, to, Device::cuda);
      run(Copy{.src = turned(src), .dst = host_to});
      run(Copy{.src = turned(card), .dst = card_to});
      expect_identical(read_back(card_to), host_to, fmt::format("{} to {}", name_of(from), name_of(to)));
      const Array flat_host = converted_copy(src, to), flat_card = converted_copy(card, to);
      expect_identical(read_back(flat_card), flat_host,
                       fmt::format("flat {} to {}", name_of(from), name_of(to)));
    }
  }
}

TEST_F(CardPointwise, FillAndCat) {
  for (const DType t : {DType::f32, DType::bf16, DType::i32, DType::u8}) {
    const Array a = Array::empty({4, 6}, t, Device::cuda);
    run(Fill{.dst = a, .value = 3});
    run(Fill{.dst = a.slice(1, 2, 4), .value = 5});
    run(Fill{.dst = a.slice(0, 1, 2), .value = 0});
    const auto v = values_of(read_back(a));
    EXPECT_EQ(v[0], 3);
    EXPECT_EQ(v[2], 5);
    EXPECT_EQ(v[6], 0);
    EXPECT_EQ(v[23], 3);
  }
  expect_as_on_cpu("cat", kPointwise, [&](const Maker& make) {
    const Array y = make.empty({3, 12, 5});
    run(Cat{.inputs = {make.random({3, 4, 5}, 1), make.random({3, 1, 5}, 2), make.random({3, 7, 5}, 3)},
            .dim = 1,
            .y = y});
    return std::vector{y};
  });
}

TEST_F(CardPointwise, Reduce) {
  for (const auto kind : {ReduceKind::sum, ReduceKind::mean, ReduceKind::max})
    for (const Shape& dims : {Shape{0}, Shape{1}, Shape{2}, Shape{0, 2}, Shape{0, 1, 2}})
      expect_as_on_cpu("reduce", kProducts, [&](const Maker& make) {
        const Array x = make.random({7, 33, 40}, 1).transpose(0, 1);
        const Array y = make.floats(reduced_shape(x.shape(), dims, false));
        run(Reduce{.kind = kind, .x = x, .dims = dims, .y = y});
        return std::vector{y};
      });
}

TEST_F(CardPointwise, IndexSelectAndAdd) {
  for (const int64_t inner : {1, 5, 8, 64})
    for (const int64_t dim : {0, 1})
      expect_as_on_cpu("index_select", kProducts, [&](const Maker& make) {
        const Array x = make.random({6, 9, inner}, 1), index = random_ids({20}, 6, 3);
        Shape picked = x.shape();
        picked[size_t(dim)] = 20;
        const Array y = make.empty(picked), dx = make.random(x.shape(), 4);
        run(IndexSelect{.x = x, .index = index, .dim = dim, .y = y});
        run(IndexAdd{.dy = make.random(picked, 5), .index = index, .dim = dim, .dx = dx});
        return std::vector{y, dx};
      });
  const Array x = Array::zeros({4, 2}, DType::f32, Device::cuda),
              y = Array::zeros({1, 2}, DType::f32, Device::cuda);
  EXPECT_THROW(run(IndexSelect{.x = x, .index = Array::from<int32_t>({4}, {1}), .dim = 0, .y = y}), Error);
}

TEST_F(CardPointwise, RandomNumbersAreThoseOfTheCpu) {
  for (const uint64_t first : {0, 1, 5})
    for (const int64_t n : {1, 31, 1000}) {
      expect_as_on_cpu("dropout", kPointwise, [&](const Maker& make) {
        const Array y = make.empty({n});
        run(Dropout{.x = make.random({n}, 1), .p = 0.3, .stream = {9, 4}, .first_element = first, .y = y});
        return std::vector{y};
      });
      for (const auto kind : {Distribution::normal, Distribution::uniform})
        expect_as_on_cpu("random_fill", kPointwise, [&](const Maker& make) {
          const Array y = make.empty({n});
          run(RandomFill{
              .distribution = kind, .a = -1, .b = 2, .stream = {3, 8}, .first_element = first, .y = y});
          return std::vector{y};
        });
    }
}

}  // namespace
}  // namespace genesis::kernels
