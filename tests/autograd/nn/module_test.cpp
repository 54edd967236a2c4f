#include "autograd/nn/module.h"

#include <gtest/gtest.h>

#include <cmath>

#include "autograd/nn/init.h"

namespace genesis::nn {
namespace {

struct Part : Module {
  Tensor weight = register_parameter("weight", parameter({2, 3}));
};
struct Whole : Module {
  Whole() {
    register_module("first", first);
    register_module("second", second);
    register_parameter("tied", first.weight);
  }
  Part first, second;
};

TEST(Module, NamesParametersOnce) {
  Whole whole;
  std::vector<std::string> names;
  for (auto& [name, tensor] : whole.named_parameters()) names.push_back(name);
  EXPECT_EQ(names, (std::vector<std::string>{"tied", "second.weight"}));
  EXPECT_TRUE(whole.parameters()[0].requires_grad());
}

TEST(Module, TrainingModeReachesEveryPart) {
  Whole whole;
  EXPECT_TRUE(whole.second.is_training());
  whole.eval();
  EXPECT_FALSE(whole.second.is_training());
}

TEST(Init, NormalDependsOnSeedAndNameOnly) {
  Tensor a = parameter({101}), b = parameter({101}), c = parameter({101});
  init::normal_(a, 0.5, 7, "x");
  init::normal_(b, 0.5, 7, "x");
  init::normal_(c, 0.5, 7, "y");
  EXPECT_EQ(a.tolist(), b.tolist());
  EXPECT_NE(a.tolist(), c.tolist());
  double squares = 0;
  for (double z : a.tolist()) squares += z * z;
  EXPECT_NEAR(std::sqrt(squares / 101), 0.5, 0.12);
}

}  // namespace
}  // namespace genesis::nn
