#include "autograd/ops/embedding.h"

#include <gtest/gtest.h>

#include "autograd/autocast.h"
#include "tests/support/gradcheck.h"

namespace genesis {
namespace {

TEST(EmbeddingOp, GradientsAgreeWithFiniteDifferences) {
  const Tensor more = tensor({{6, 3, 1}}), ids = tensor({{3, 0, 3}, {6, 3, 1}});
  GENESIS_EXPECT_GRADIENTS(
      [&](const auto& in) {  // looked up twice: the second use adds to the first's gradient
        return std::vector<Tensor>{autograd::embedding(ids, in[0]), autograd::embedding(more, in[0])};
      },
      {testing::random_tensor({7, 5}, 1)});
}

TEST(EmbeddingOp, AutocastGivesNarrowRowsAndF32Gradients) {
  Tensor table(Array::full({4, 3}, 1.0, DType::f32), true);
  autocast cast;
  Tensor y = autograd::embedding(tensor({{2, 2}}), table);
  EXPECT_EQ(y.dtype(), DType::bf16);
  y.backward(Array::full({1, 2, 3}, 1.0, DType::bf16));
  EXPECT_EQ(table.grad().dtype(), DType::f32);
  EXPECT_EQ(table.grad().data<float>()[6], 2.0f);
  EXPECT_EQ(table.grad().data<float>()[0], 0.0f);
}

TEST(EmbeddingOp, AnIdOutOfRangeIsAnError) {
  const Tensor table = testing::random_tensor({4, 3}, 1);
  EXPECT_THROW(autograd::embedding(tensor({{4, 0}}), table), Error);
  EXPECT_THROW(autograd::embedding(tensor({{int64_t(1) << 40, 0}}), table), Error);
}

}  // namespace
}  // namespace genesis
