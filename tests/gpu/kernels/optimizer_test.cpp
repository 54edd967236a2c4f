#include "kernels/adamw.h"
#include "kernels/copy.h"
#include "kernels/grad_norm.h"
#include "kernels/owner_sums.h"
#include "tests/gpu/card_case.h"
#include "tests/support/update_decision_cases.h"

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

/// A f32 parameter with its gradient and moments, and the same with its master taken apart; both on the card.
std::pair<AdamWTensor, AdamWTensor> whole_and_split(int64_t n, DType grad, uint64_t stream) {
  const Array master = random_array({n}, DType::f32, stream);
  for (int64_t i = 0; i < n; i += 5)  // ties, of both kinds
    master.data<float>()[i] =
        std::bit_cast<float>((std::bit_cast<uint32_t>(master.data<float>()[i]) & 0xffff0000u) | 0x8000u);
  const auto on_card = [](const Array& a) { return copies({a}, Device::cuda)[0]; };
  AdamWTensor whole{.param = on_card(master),
                    .grad = on_card(random_array({n}, grad, stream + 1)),
                    .m = on_card(random_array({n}, DType::f32, stream + 2, 0.1)),
                    .v = on_card(Array::full({n}, 0.01, DType::f32)),
                    .decay = true};
  AdamWTensor split = whole;
  split.m = on_card(read_back(whole.m));
  split.v = on_card(read_back(whole.v));
  split.param = Array::empty({n}, DType::bf16, Device::cuda);
  split.remainder = Array::empty({n, 2}, DType::u8, Device::cuda);
  run(SplitMaster{.master = whole.param, .into = split.split()});
  return {whole, split};
}

TEST_F(CardOptimizer, SplitMastersComeApartAsOnTheCpu) {
  for (const int64_t n : kSizes) {
    const auto [whole, split] = whole_and_split(n, DType::f32, 3);
    const SplitArrays host{Array::empty({n}, DType::bf16), Array::empty({n, 2}, DType::u8),
                           Array::full({n}, 0.01, DType::f32)};
    run(SplitMaster{.master = read_back(whole.param), .into = host});
    expect_identical(read_back(split.param), host.weight, "weight");
    expect_identical(read_back(split.remainder), host.remainder, "remainder");
    expect_identical(read_back(split.v), host.second_moment, "second moment");
    const Array joined = Array::empty({n}, DType::f32, Device::cuda);
    run(JoinMaster{.from = split.split(), .master = joined});
    expect_identical(read_back(joined), read_back(whole.param), "master");
  }
}

TEST_F(CardOptimizer, SplitMastersTakeTheStepsOfWholeOnes) {
  for (const DType grad : {DType::f32, DType::bf16})
    for (const int64_t n : {33, 16385}) {
      auto [whole, split] = whole_and_split(n, grad, 9);
      // The second half as a shard that starts where 16-byte accesses may not.
      AdamWTensor head = split, tail = split;
      for (auto* t : {&head, &tail})
        for (Array* a : {&t->param, &t->grad, &t->m, &t->v, &t->remainder})
          *a = t == &head ? a->slice(0, 0, 17) : a->slice(0, 17, n);
      for (int step = 1; step <= 3; ++step) {
        AdamW op{.tensors = {whole}, .lr = 1e-3, .weight_decay = 0.1, .step = step, .grad_scale = 0.7};
        run(op);
        op.tensors = {head, tail};
        run(op);
      }
      const Array joined = Array::empty({n}, DType::f32, Device::cuda);
      run(JoinMaster{.from = split.split(), .master = joined});
      expect_identical(read_back(joined), read_back(whole.param), "master");
      expect_identical(read_back(split.m), read_back(whole.m), "m");
      expect_identical(read_back(split.param), converted_copy(read_back(whole.param), DType::bf16), "weight");
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

TEST_F(CardOptimizer, DecisionsAreThoseOfTheCpu) {
  std::vector<DecisionCase> cases(6);
  cases[1].squares[2] = NAN;
  cases[2].loss_sum = INFINITY;
  cases[2].hold = true;
  cases[3].held = 1;
  cases[3].hold = true;
  cases[4].unscale = cases[5].unscale = 1.0 / 65536;
  cases[4].scaled = cases[5].scaled = cases[5].hold = true;
  cases[4].squares.assign(700, 0.3);
  cases[5].squares.assign(700, 0.3);
  cases[5].squares[650] = INFINITY;
  for (size_t i = 0; i < cases.size(); ++i) {
    const auto wanted = cases[i].decide(Device::cpu), got = cases[i].decide(Device::cuda);
    EXPECT_EQ(got.made, wanted.made) << i;
    EXPECT_EQ(got.held, wanted.held) << i;
    if (wanted.made == 0) continue;
    EXPECT_EQ(got.factor, wanted.factor) << i;
    EXPECT_EQ(got.norm, wanted.norm) << i;
    EXPECT_EQ(got.loss, wanted.loss) << i;
  }
}

TEST_F(CardOptimizer, AdamWFollowsTheDecision) {
  for (const DType t : {DType::f32, DType::bf16}) {
    const auto updated = [&](double grad_scale, const std::vector<double>& decision) {
      AdamW op{.tensors = {{.param = on_device(random_array({20000}, t, 1), Device::cuda),
                            .grad = on_device(random_array({20000}, t, 2), Device::cuda),
                            .m = on_device(random_array({20000}, t, 3), Device::cuda),
                            .v = on_device(Array::full({20000}, 0.5, t), Device::cuda)}},
               .lr = 0.1,
               .grad_scale = grad_scale};
      if (!decision.empty()) op.decision = on_device(Array::from(decision, {2}), Device::cuda);
      run(op);
      return values_of(read_back(op.tensors[0].param));
    };
    EXPECT_EQ(updated(2, {0.3, 1}), updated(2 * 0.3, {}));
    EXPECT_NE(updated(2, {0.3, 1}), updated(2, {}));
    EXPECT_EQ(updated(2, {0.3, 0}), values_of(random_array({20000}, t, 1)));
  }
}

TEST_F(CardOptimizer, OwnerSumsAsOnTheCpu) {
  std::vector<int64_t> owners;
  for (int64_t i = 0; i < 900; ++i) owners.push_back(i * 7 % 401);
  for (const DType t : {DType::f64, DType::f32}) {
    const Array values = random_array({900}, t, 5), wanted = Array::empty({410}, DType::f64),
                got = Array::empty({410}, DType::f64, Device::cuda);
    OwnerSums op{.values = values, .owners = Array::from(owners, {900}), .sums = wanted, .factor = 0.7};
    run(op);
    op.values = on_device(values, Device::cuda);
    op.sums = got;
    run(op);
    EXPECT_EQ(values_of(read_back(got)), values_of(wanted));
  }
}

}  // namespace
}  // namespace genesis::kernels
