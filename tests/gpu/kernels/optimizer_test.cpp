#include "kernels/adamw.h"
#include "kernels/grad_norm.h"
#include "tests/gpu/card_case.h"

namespace genesis::kernels {
namespace {

using namespace genesis::testing;

class CardOptimizer : public CardTest {};

std::vector<Array> copies(const std::vector<Array>& arrays, Device device) {
  std::vector<Array> out;
  for (const Array& a : arrays) {
    Array copy = Array::empty(a.shape(), a.dtype(), device);
    copy_across(a, copy);
    out.push_back(copy);
  }
  return out;
}

/// Lists with empty tensors, one element, and more than one block.
const std::vector<int64_t> kSizes = {1, 0, 33, 16384, 16385, 50001};

TEST_F(CardOptimizer, AdamWAsOnTheCpu) {
  for (const DType param : {DType::f32, DType::bf16})
    for (const DType grad : {DType::f32, DType::bf16}) {
      std::vector<Array> host;
      for (size_t i = 0; i < kSizes.size(); ++i) {
        host.push_back(random_array({kSizes[i]}, param, 10 * i));
        host.push_back(random_array({kSizes[i]}, grad, 10 * i + 1));
        host.push_back(random_array({kSizes[i]}, param, 10 * i + 2, 0.1));
        host.push_back(converted_copy(Array::full({kSizes[i]}, 0.01, DType::f32), param));
      }
      const auto card = copies(host, Device::cuda);
      for (const auto* arrays : {&card, static_cast<const std::vector<Array>*>(&host)}) {
        AdamW op{
            .tensors = {}, .lr = 0.01, .weight_decay = 0.1, .step = 3, .grad_scale = 0.7, .rounding = {5, 3}};
        for (size_t i = 0; i < kSizes.size(); ++i)
          op.tensors.push_back({.param = (*arrays)[4 * i],
                                .grad = (*arrays)[4 * i + 1],
                                .m = (*arrays)[4 * i + 2],
                                .v = (*arrays)[4 * i + 3],
                                .decay = i % 2 == 0,
                                .id = i,
                                .first_element = i});
        const auto before = op.tensors[0].param.storage().version();
        run(op);
        EXPECT_GT(op.tensors[0].param.storage().version(), before);
      }
      // Stochastic rounding takes the same words; where f32 differs in its last bit it may fall to the other
      // side.
      for (size_t i = 0; i < host.size(); ++i)
        expect_close(read_back(card[i]), values_of(host[i]), param == DType::f32 ? 1e-6 : 0.008,
                     fmt::format("array {} of adamw {} with {} gradients", i, name_of(param), name_of(grad)));
    }
}

TEST_F(CardOptimizer, GradNormAsOnTheCpu) {
  std::vector<Array> host;
  for (size_t i = 0; i < kSizes.size(); ++i)
    host.push_back(random_array({kSizes[i]}, i % 2 == 0 ? DType::f32 : DType::bf16, i));
  const auto n = int64_t(host.size());
  const Array wanted = Array::empty({n}, DType::f64), got = Array::empty({n}, DType::f64, Device::cuda);
  run(GradNorm{.grads = host, .sums = wanted});
  run(GradNorm{.grads = copies(host, Device::cuda), .sums = got});
  expect_close(read_back(got), values_of(wanted), 1e-12, "sums of squares");

  Array bad = random_array({20000}, DType::f32, 3);
  bad.data<float>()[17000] = INFINITY;
  run(GradNorm{.grads = copies({bad, host[2]}, Device::cuda), .sums = got.slice(0, 0, 2)});
  const auto sums = values_of(read_back(got));
  EXPECT_FALSE(std::isfinite(sums[0]));
  EXPECT_TRUE(std::isfinite(sums[1]));
}

}  // namespace
}  // namespace genesis::kernels
