#include "kernels/cat.h"

#include "kernels/core/run.h"
#include "tests/support/arrays.h"
#include "tests/support/error_message.h"

namespace genesis::kernels {
namespace {

using namespace genesis::testing;

TEST(Cat, LaysArraysSideBySide) {
  for (DType t : {DType::f32, DType::bf16, DType::i64}) {
    for (int64_t dim : {0, 1, 2}) {
      std::vector<Array> inputs;
      int64_t total = 0;
      for (int64_t extent : {2, 0, 33}) {
        Shape shape = {4, 5, 6};
        shape[size_t(dim)] = extent;
        Array a = Array::empty(shape, t);
        fill_with(a, [&](int64_t i) { return double((i * 7 + extent) % 100); });
        inputs.push_back(a);
        total += extent;
      }
      Shape shape = {4, 5, 6};
      shape[size_t(dim)] = total;
      Array y = Array::empty(shape, t);
      run(Cat{.inputs = inputs, .dim = dim, .y = y});
      int64_t begin = 0;
      for (const Array& a : inputs) {
        expect_identical(y.slice(dim, begin, begin + a.dim(dim)), a, "part");
        begin += a.dim(dim);
      }
    }
  }
  const auto text = message_of<Error>([] {
    run(Cat{.inputs = {Array::zeros({2, 3}, DType::f32)}, .dim = 0, .y = Array::zeros({3, 3}, DType::f32)});
  });
  EXPECT_NE(text.find("add up to 2, y has 3"), std::string::npos) << text;
}

}  // namespace
}  // namespace genesis::kernels
