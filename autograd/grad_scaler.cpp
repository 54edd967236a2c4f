#include "autograd/grad_scaler.h"

#include <cmath>

#include "autograd/nn/clip_grad_norm.h"
#include "autograd/op.h"
#include "kernels/accumulate.h"
#include "kernels/scale.h"

namespace genesis {
namespace {

using namespace autograd;

Array times(const Array& x, double factor) {
  Array y = Array::empty(x.shape(), x.dtype(), x.device());
  kernels::run(kernels::Accumulate{.src = x, .dst = y, .overwrite = true});
  kernels::run(kernels::Scale{.arrays = {y}, .factor = factor});
  return y;
}

/// y = factor x
struct ScaleLoss {
  static constexpr const char* kName = "scale_loss";
  static constexpr Autocast kAutocast = Autocast::keep;
  static Array forward(Context& ctx, const Array& x, double factor) {
    ctx.keep(factor);
    return times(x, factor);
  }
  static Grads backward(const Saved& saved, const Array& dy) {
    return {times(dy, saved.attributes<double>())};
  }
};

}  // namespace

GradScaler::GradScaler() : GradScaler(Options{}) {}
GradScaler::GradScaler(const Options& options) : options_(options), scale_(options.init_scale) {}

Tensor GradScaler::scale(const Tensor& loss) const {
  return options_.enabled ? apply<ScaleLoss>(loss, scale_) : loss;
}

void GradScaler::unscale_(optim::AdamW& optimizer) {
  GENESIS_CHECK(!unscaled_, "unscale_ was already called since the last update()");
  unscaled_ = true;
  if (!options_.enabled) return;
  found_inf_ = !std::isfinite(nn::utils::grad_norm(optimizer.parameters()));
  std::vector<Array> grads;
  for (const Tensor& p : optimizer.parameters())
    if (Array g = p.grad(); g.defined()) grads.push_back(g);
  if (!found_inf_ && !grads.empty()) kernels::run(kernels::Scale{.arrays = grads, .factor = 1.0 / scale_});
}

bool GradScaler::step(optim::AdamW& optimizer, double grad_scale) {
  if (!unscaled_) unscale_(optimizer);
  if (found_inf_) return false;
  optimizer.step(grad_scale);
  return true;
}

void GradScaler::update() {
  if (options_.enabled) {
    if (found_inf_) {
      scale_ *= options_.backoff_factor;
      good_steps_ = 0;
    } else if (++good_steps_ == options_.growth_interval) {
      scale_ *= options_.growth_factor;
      good_steps_ = 0;
    }
  }
  unscaled_ = found_inf_ = false;
}

}  // namespace genesis
