#pragma once
#include <cstdint>

#include "autograd/optim/adamw.h"
#include "autograd/tensor.h"

namespace genesis {

/// Dynamic loss scaling for fp16: the loss is multiplied by scale() so that small gradients survive, and an
/// update whose gradients overflowed is left out.
///   scaler.scale(loss).backward();  scaler.unscale_(optimizer);  clip;  scaler.step(optimizer);
///   scaler.update(); After an overflow the scale is multiplied by backoff_factor; after growth_interval good
///   steps by growth_factor.
/// Several ranks must agree on an overflow: set_found_inf with the maximum over all ranks, between unscale_
/// and step. Source: Micikevicius et al., "Mixed precision training", 2018.
class GradScaler {
 public:
  struct Options {
    double init_scale = 65536.0;
    double growth_factor = 2.0;
    double backoff_factor = 0.5;
    int64_t growth_interval = 2000;
    bool enabled = true;
  };
  GradScaler();
  explicit GradScaler(const Options& options);

  double scale() const { return options_.enabled ? scale_ : 1.0; }
  /// loss times scale()
  Tensor scale(const Tensor& loss) const;
  /// Divides the gradients by scale() and notes whether one is not finite. Before clipping; at most once a
  /// step.
  void unscale_(optim::AdamW& optimizer);
  bool found_inf() const { return found_inf_; }
  void set_found_inf(bool found) { found_inf_ = found; }
  /// optimizer.step(), unless an overflow was found; unscales first when nobody did. Returns whether it
  /// stepped.
  bool step(optim::AdamW& optimizer, double grad_scale = 1.0);
  /// The scale for the next step.
  void update();

  /// What a checkpoint keeps.
  struct State {
    double scale;
    int64_t good_steps;
  };
  State state() const { return {scale_, good_steps_}; }
  void set_state(const State& s) {
    scale_ = s.scale;
    good_steps_ = s.good_steps;
  }

 private:
  Options options_;
  double scale_;
  int64_t good_steps_ = 0;
  bool unscaled_ = false, found_inf_ = false;
};

}  // namespace genesis
