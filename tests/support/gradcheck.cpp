#include "tests/support/gradcheck.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>

#include "autograd/engine.h"
#include "autograd/grad_mode.h"
#include "kernels/core/rng.h"

namespace genesis::testing {
namespace {

Array random_array(const Shape& shape, uint64_t stream) {
  Array a = Array::empty(shape, DType::f64);
  for (int64_t i = 0; i < a.numel(); ++i)
    a.data<double>()[i] = normal_pair({1234, stream}, uint64_t(i / 2))[size_t(i % 2)];
  return a;
}

double weighted_sum(const std::vector<Tensor>& outputs, const std::vector<Array>& seeds) {
  double sum = 0;
  for (size_t o = 0; o < outputs.size(); ++o) {
    const auto values = outputs[o].tolist();
    for (size_t i = 0; i < values.size(); ++i) sum += values[i] * seeds[o].data<double>()[i];
  }
  return sum;
}

}  // namespace

Tensor random_tensor(Shape shape, uint64_t stream, bool requires_grad) {
  return Tensor(random_array(shape, stream), requires_grad);
}

GradCheck gradcheck(const std::function<std::vector<Tensor>(const std::vector<Tensor>&)>& fn,
                    const std::vector<Tensor>& inputs, double step) {
  for (Tensor t : inputs) t.zero_grad();
  const std::vector<Tensor> outputs = fn(inputs);
  std::vector<Array> seeds;
  for (size_t o = 0; o < outputs.size(); ++o) seeds.push_back(random_array(outputs[o].shape(), 900 + o));
  autograd::run_backward(outputs, seeds);

  auto value = [&] {
    no_grad quiet;
    return weighted_sum(fn(inputs), seeds);
  };
  GradCheck result;
  for (size_t n = 0; n < inputs.size(); ++n) {
    const Tensor& t = inputs[n];
    if (!t.defined() || !t.requires_grad()) continue;
    const Array grad = t.grad();
    GENESIS_CHECK(grad.defined() || t.numel() == 0, "input ", n, " got no gradient");
    double scale = 1;
    for (int64_t i = 0; i < t.numel(); ++i) scale = std::max(scale, std::fabs(grad.data<double>()[i]));
    for (int64_t i = 0; i < t.numel(); ++i) {
      double& x = t.value().data<double>()[i];
      const double keep = x;
      auto at = [&](double offset) {
        x = keep + offset;
        t.value().storage().bump_version();
        return value();
      };
      const double difference = (at(-2 * step) - 8 * at(-step) + 8 * at(step) - at(2 * step)) / (12 * step);
      x = keep;
      t.value().storage().bump_version();
      const double error = std::fabs(difference - grad.data<double>()[i]) / scale;
      if (!(error <= result.worst)) {
        result.worst = std::isnan(error) ? INFINITY : error;
        result.where = fmt::format("input {} element {}: finite difference {}, gradient {}", n, i, difference,
                                   grad.data<double>()[i]);
      }
    }
  }
  return result;
}

}  // namespace genesis::testing
