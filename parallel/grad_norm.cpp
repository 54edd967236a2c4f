#include "parallel/grad_norm.h"

#include <cmath>

#include "autograd/nn/clip_grad_norm.h"
#include "kernels/core/run.h"
#include "kernels/core/transfer.h"
#include "kernels/grad_norm.h"
#include "parallel/shard.h"

namespace genesis::parallel {

double owned_square_sum(const std::vector<Tensor>& parameters) {
  std::vector<Array> owned;
  for (const Tensor& p : parameters) {
    const Array grad = p.grad();
    if (!grad.defined()) continue;
    for (const Range& r : owned_elements(p)) owned.push_back(grad.view({-1}).slice(0, r.begin, r.end));
  }
  if (owned.empty()) return 0.0;
  Array sums = Array::empty({int64_t(owned.size())}, DType::f64, owned.front().device());
  kernels::run(kernels::GradNorm{.grads = owned, .sums = sums});
  sums = on_device(sums, Device::cpu);
  double total = 0;
  for (int64_t i = 0; i < sums.numel(); ++i) total += sums.data<double>()[i];
  return total;
}

double grad_norm(const std::vector<Tensor>& parameters, Communicator& group) {
  if (group.size() == 1) return nn::utils::grad_norm(parameters);
  return std::sqrt(group.all_reduce_value(owned_square_sum(parameters)));
}

}  // namespace genesis::parallel
