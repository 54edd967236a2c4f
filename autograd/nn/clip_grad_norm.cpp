#include "autograd/nn/clip_grad_norm.h"

#include <algorithm>
#include <cmath>

#include "kernels/core/run.h"
#include "kernels/core/transfer.h"
#include "kernels/grad_norm.h"
#include "kernels/scale.h"

namespace genesis::nn::utils {
namespace {

std::vector<Array> gradients_of(const std::vector<Tensor>& parameters) {
  std::vector<Array> grads;
  for (const Tensor& p : parameters)
    if (Array g = p.grad(); g.defined()) grads.push_back(g);
  return grads;
}

}  // namespace

double grad_norm(const std::vector<Tensor>& parameters) {
  const std::vector<Array> grads = gradients_of(parameters);
  if (grads.empty()) return 0.0;
  Array sums = Array::empty({int64_t(grads.size())}, DType::f64, grads.front().device());
  kernels::run(kernels::GradNorm{.grads = grads, .sums = sums});
  sums = on_device(sums, Device::cpu);
  double total = 0;
  for (int64_t i = 0; i < sums.numel(); ++i) total += sums.data<double>()[i];
  return std::sqrt(total);
}

double clip_coefficient(double norm, double max_norm) {
  return max_norm > 0 ? std::min(1.0, max_norm / (norm + 1e-6)) : 1.0;
}

double clip_grad_norm_(const std::vector<Tensor>& parameters, double max_norm) {
  const double norm = grad_norm(parameters);
  const double coefficient = clip_coefficient(norm, max_norm);
  const std::vector<Array> grads = gradients_of(parameters);
  if (coefficient < 1.0 && !grads.empty())
    kernels::run(kernels::Scale{.arrays = grads, .factor = coefficient});
  return norm;
}

}  // namespace genesis::nn::utils
