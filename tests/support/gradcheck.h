#pragma once
#include <functional>
#include <string>
#include <vector>

#include "autograd/tensor.h"

namespace genesis::testing {

/// f64 tensor of independent normals, from a counter-based stream: the same on every run.
Tensor random_tensor(Shape shape, uint64_t stream, bool requires_grad = true);

struct GradCheck {
  double worst = 0;   ///< largest |finite difference - gradient| / max(1, |gradient| of that input)
  std::string where;  ///< input and element of the worst
};

/// Compares backward() of fn with central differences (five points, f64), with random upstream gradients.
///   fn is called many times with the same tensor handles, whose values are changed in place in between.
GradCheck gradcheck(const std::function<std::vector<Tensor>(const std::vector<Tensor>&)>& fn,
                    const std::vector<Tensor>& inputs, double step = 1e-3);

}  // namespace genesis::testing

/// Passes when every gradient agrees with finite differences to 1e-7; the arguments are gradcheck's.
#define GENESIS_EXPECT_GRADIENTS(...)                                       \
  do {                                                                      \
    const auto check_ = ::genesis::testing::gradcheck(__VA_ARGS__);         \
    EXPECT_LE(check_.worst, 1e-7) << "gradient is off at " << check_.where; \
  } while (false)
