#pragma once
#include <cstdint>
#include <vector>

#include "kernels/rope.h"

namespace genesis::models {

/// Qwen-1's dynamic-NTK factor for a prompt of n tokens: alpha = max(2^ceil(log2(n / S) + 1) - 1, 1), with S
/// the training length: 1 up to S, 3 up to 2S, 7 up to 4S. Inference only; kept for the whole continuation of
/// the prompt. Source: the formula of Qwen-1's published modelling code.
double dynamic_ntk_alpha(int64_t n, int64_t seq_length);

/// Rotary tables of several NTK factors in one pair of arrays, so that texts of different factors share a
/// batch.
class RotaryTables {
 public:
  RotaryTables(int64_t head_dim, double base, DType dtype)
      : head_dim_(head_dim), base_(base), dtype_(dtype) {}

  /// Makes room for positions [0, length) under every factor of `alphas`. Factors and positions it had stay.
  void ensure(const std::vector<double>& alphas, int64_t length);
  /// Row of cos() and sin() for a position under a factor that ensure() was told.
  int64_t row(double alpha, int64_t position) const;
  const Array& cos() const { return cos_; }  ///< [factors * length, d/2]
  const Array& sin() const { return sin_; }

 private:
  int64_t head_dim_;
  double base_;
  DType dtype_;
  int64_t length_ = 0;
  std::vector<double> alphas_;
  Array cos_, sin_;
};

}  // namespace genesis::models
