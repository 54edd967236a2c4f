#include "kernels/core/cuda/upload.h"

#include "kernels/affine.h"
#include "tests/gpu/card_case.h"

namespace genesis::cuda {
namespace {

using namespace genesis::testing;

class CardUpload : public CardTest {};

/// Blocks are used again while the work that reads them is still to come.
TEST_F(CardUpload, EveryReaderFindsItsOwnBytes) {
  std::vector<Array> results;
  for (int i = 0; i < 60; ++i) {
    const Array host = Array::full({i % 3 == 0 ? 100 : 3000}, i, DType::f32);
    const Array there = upload(host.raw(), host.nbytes()).reinterpret(DType::f32);
    host.data<float>()[0] = -1;  // free at once
    results.push_back(Array::empty(host.shape(), DType::f32, Device::cuda));
    kernels::run(kernels::Affine{.x = there, .factor = 2, .offset = 1, .y = results.back()});
  }
  for (size_t i = 0; i < results.size(); ++i) {
    const auto values = values_of(read_back(results[i]));
    EXPECT_EQ(values.front(), 2.0 * double(i) + 1);
    EXPECT_EQ(values.back(), 2.0 * double(i) + 1);
  }
}

TEST_F(CardUpload, NothingAndMoreThanASlot) {
  EXPECT_EQ(upload(nullptr, 0).numel(), 0);
  const Array host = random_array({3 << 20}, DType::f32, 1);
  expect_identical(on_device(upload(host.raw(), host.nbytes()), Device::cpu).reinterpret(DType::f32), host,
                   "12 MB");
}

}  // namespace
}  // namespace genesis::cuda
