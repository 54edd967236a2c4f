#pragma once
#include "kernels/core/run.h"

namespace genesis::kernels {

/// One step of generation: text s brings one query, one key and one value; its key and value are put behind
/// those the cache holds of it, and the query sees them all.
///   keys_{e}, values_{e} = k_s, v_s with e = k_begin_s + k_length_s - 1
///   out_s = sum_m p_sm values_{k_begin_s + m},   p_s = softmax(scale q_s . keys_{k_begin_s + m}), m <
///   k_length_s query head a reads key/value head a K / A; scale = 1 / sqrt(d) unless given
/// Shapes: q, out [S, A, d], k, v [S, K, d]: elements and heads beside each other, rows apart; keys, values
/// [M, K, d]
///         contiguous, written to; k_begin, k_length [S]; K divides A; d even, at most 256
/// Types: q, k, v, keys, values, out equal: f64 (CPU), f32, bf16, f16 (card); k_begin, k_length i32. Sums in
/// f32 (f64);
///        probabilities are rounded to the type before they meet v.
/// Lengths are read when the kernel runs, so that a recorded step (core/cuda/graph.h) may be run again with
/// others: on a card the work is cut for `longest`, and the host checks what the host arrays hold now.
/// Errors: genesis::Error when shapes, dtypes or strides do not fit; for a text whose rows leave the cache or
/// exceed
///   `longest`, naming it.
/// Determinism: bitwise for a given `longest` and card.
/// Source: Dao et al., Flash-Decoding, 2023 (keys split over blocks, then one merge in order).
struct CachedAttention {
  static constexpr const char* kName = "cached_attention";
  static constexpr int64_t kLargestHeadDim = 256;
  Array q, k, v;
  Array keys, values;
  Array k_begin, k_length;  ///< on the CPU
  Array out;
  int64_t longest = 0;  ///< no k_length exceeds it
  double scale = 0;     ///< 0: 1 / sqrt(d)

  Device device() const { return out.device(); }
  void check() const;
};

void run_cpu(const CachedAttention& op);
void run_cuda(const CachedAttention& op);

}  // namespace genesis::kernels
