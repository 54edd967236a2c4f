#pragma once
#include <vector>

#include "kernels/core/array.h"
#include "kernels/core/rng.h"
#include "kernels/split_master.h"

namespace genesis::kernels {

/// One parameter and what AdamW keeps for it.
struct AdamWTensor {
  Array param, grad, m, v;     ///< all of one size, contiguous; param, m and v are updated in place
  bool decay = false;          ///< weight decay applies
  uint64_t id = 0;             ///< names the whole tensor in the rounding stream
  uint64_t first_element = 0;  ///< place of param's first element in the whole tensor, when this is a shard
  /// [elements, 2] u8: what bf16 `param` lacks of a f32 master; its ties are in v's sign
  /// (kernels/split_master.h). Undefined: param is all there is.
  Array remainder = {};

  SplitArrays split() const { return {param, remainder, v}; }
};

/// One AdamW step over every parameter, in one pass over memory.
///   g = grad grad_scale;  w *= 1 - lr weight_decay (where decay);  m = b1 m + (1 - b1) g;  v = b2 v + (1 -
///   b2) g^2 w -= lr (m / (1 - b1^step)) / (sqrt(v / (1 - b2^step)) + eps)
/// Types: param f64: all f64.  param f32: m, v f32, grad f32 | bf16.  param bf16: m, v bf16, grad bf16 | f32;
/// computed in
///   f32 and rounded stochastically to bf16: element e of tensor `id` uses words of the Philox stream
///   (rounding, id) at e/2, so the result depends neither on threads nor on how the tensor is cut into
///   shards.  With a remainder: param bf16, m, v f32, grad f32 | bf16; the master gets the bits a f32 param
///   would get, and param is the master rounded to nearest.
/// Effect: counts a write on each parameter's storage (Storage::bump_version).
/// Errors: genesis::Error when sizes, dtypes or layouts differ, or step < 1
/// Determinism: bitwise
/// Source: Loshchilov and Hutter 2019, algorithm 2, with decay applied before the update
struct AdamW {
  static constexpr const char* kName = "adamw";
  std::vector<AdamWTensor> tensors;
  double lr = 0, beta1 = 0.9, beta2 = 0.95, eps = 1e-8, weight_decay = 0;
  int64_t step = 1;       ///< 1 for the first
  double grad_scale = 1;  ///< clip coefficient, loss unscaling
  /// f64 [>= 2], contiguous, where the parameters are: a factor of grad_scale, and 0 where nothing is to be
  /// updated (kernels/update_decision.h). Undefined: 1 and 1.
  Array decision;
  RandomStream rounding;  ///< names this step's rounding; used for bf16 parameters only
  Device device() const { return tensors.empty() ? Device::cpu : tensors.front().param.device(); }
  void check() const;
};

void run_cpu(const AdamW&);
void run_cuda(const AdamW&);

}  // namespace genesis::kernels
