#pragma once
#include <cstdint>
#include <vector>

#include "autograd/tensor.h"

namespace genesis::optim {

enum class DecayOn { matrices, all };

struct AdamWOptions {
  double lr = 1e-3;
  double weight_decay = 0.01;
  double beta1 = 0.9;
  double beta2 = 0.999;
  double eps = 1e-8;
  DecayOn decay_on =
      DecayOn::matrices;       ///< matrices: tensors of two dimensions; norm gains and biases do not decay
  uint64_t rounding_seed = 0;  ///< of the stochastic rounding of bf16 parameters
};

/// AdamW with decoupled weight decay over all parameters in one pass (kernels/adamw.h has the formula).
///   Moments have the parameter's dtype and are zero at first. A parameter without a gradient is left alone.
/// Source: Loshchilov and Hutter, "Decoupled weight decay regularization", 2019.
class AdamW {
 public:
  AdamW(std::vector<Tensor> parameters, AdamWOptions options = {});

  /// One update with lr() from the gradients times grad_scale (clip coefficient, unscaling).
  void step(double grad_scale = 1.0);
  void zero_grad();

  double lr() const { return options_.lr; }
  void set_lr(double lr) { options_.lr = lr; }
  const AdamWOptions& options() const { return options_; }
  const std::vector<Tensor>& parameters() const { return parameters_; }

  /// Updates made so far; the next one is number steps() + 1 in the bias correction.
  int64_t steps() const { return steps_; }
  void set_steps(int64_t steps) { steps_ = steps; }
  /// Moments of parameters()[i], to be saved and restored.
  const Array& first_moment(size_t i) const { return m_[i]; }
  const Array& second_moment(size_t i) const { return v_[i]; }

 private:
  std::vector<Tensor> parameters_;
  AdamWOptions options_;
  std::vector<Array> m_, v_;
  int64_t steps_ = 0;
};

}  // namespace genesis::optim
