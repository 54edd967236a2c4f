#include "autograd/optim/adamw.h"

#include "kernels/adamw.h"
#include "kernels/core/run.h"

namespace genesis::optim {

AdamW::AdamW(std::vector<Tensor> parameters, AdamWOptions options)
    : parameters_(std::move(parameters)), options_(options) {
  MemoryScope scope(MemoryCategory::optimizer);
  for (const Tensor& p : parameters_) {
    GENESIS_CHECK(p.is_leaf() && p.requires_grad(), "AdamW updates leaves that require a gradient");
    m_.push_back(Array::zeros(p.shape(), p.dtype()));
    v_.push_back(Array::zeros(p.shape(), p.dtype()));
  }
}

void AdamW::step(double grad_scale) {
  kernels::AdamW update{.tensors = {},
                        .lr = options_.lr,
                        .beta1 = options_.beta1,
                        .beta2 = options_.beta2,
                        .eps = options_.eps,
                        .weight_decay = options_.weight_decay,
                        .step = ++steps_,
                        .grad_scale = grad_scale,
                        .rounding = {options_.rounding_seed, uint64_t(steps_)}};
  for (size_t i = 0; i < parameters_.size(); ++i) {
    const Array grad = parameters_[i].grad();
    if (!grad.defined()) continue;
    update.tensors.push_back({.param = parameters_[i].value(),
                              .grad = grad,
                              .m = m_[i],
                              .v = v_[i],
                              .decay = options_.decay_on == DecayOn::all || parameters_[i].ndim() == 2,
                              .id = i});
  }
  if (!update.tensors.empty()) kernels::run(update);
}

void AdamW::zero_grad() {
  for (Tensor& p : parameters_) p.zero_grad();
}

}  // namespace genesis::optim
