#include <gtest/gtest.h>

#include "autograd/nn/dropout.h"
#include "autograd/nn/embedding.h"
#include "autograd/nn/functional.h"
#include "autograd/nn/linear.h"
#include "autograd/nn/rms_norm.h"
#include "autograd/ops/arithmetic.h"
#include "autograd/random.h"
#include "tests/support/gradcheck.h"

namespace genesis {
namespace {

namespace F = nn::functional;

class Net : public nn::Module {
 public:
  Net() : embed(5, 4, DType::f64), norm(4, 1e-6, DType::f64), drop(0.5), head(4, 5, false, DType::f64) {
    register_module("embed", embed);
    register_module("norm", norm);
    register_module("drop", drop);
    register_module("head", head);
    for (auto& [name, p] : named_parameters()) {
      if (name == "norm.weight") continue;
      const Tensor values = testing::random_tensor(p.shape(), std::hash<std::string>()(name) % 1000, false);
      std::copy_n(values.value().data<double>(), p.numel(), p.value().data<double>());
    }
  }
  Tensor operator()(const Tensor& ids) const { return head(drop(norm(embed(ids)))); }
  nn::Embedding embed;
  nn::RMSNorm norm;
  nn::Dropout drop;
  nn::Linear head;
};

TEST(Layers, ASmallNetHasRightGradients) {
  Net net;
  const Tensor ids = tensor({{1, 2, 0}, {4, 2, 2}}), labels = tensor({{2, 0, -100}, {1, 1, 3}});
  for (bool training : {true, false}) {
    net.train(training);
    GENESIS_EXPECT_GRADIENTS(
        [&](const auto&) {
          manual_seed(7);
          const Tensor logits = net(ids);
          return std::vector<Tensor>{F::cross_entropy(logits.view({-1, logits.size(-1)}), labels.view({-1}))};
        },
        net.parameters());
  }
}

TEST(Layers, EvalSwitchesDropoutOff) {
  Net net;
  const Tensor ids = tensor({{1, 2, 0}});
  EXPECT_NE(net(ids).tolist(), net(ids).tolist());
  net.eval();
  EXPECT_EQ(net(ids).tolist(), net(ids).tolist());
  EXPECT_THROW(nn::Dropout(1.0), Error);
}

TEST(Layers, NormStartsAsOne) {
  nn::RMSNorm norm(3);
  EXPECT_EQ(norm.weight.tolist(), std::vector<double>(3, 1.0));
  EXPECT_EQ(norm.named_parameters()[0].first, "weight");
}

}  // namespace
}  // namespace genesis
