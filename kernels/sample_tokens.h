#pragma once
#include "kernels/core/array.h"

namespace genesis::kernels {

/// Chooses a token of each text from its logits; by whole numbers, so that every device chooses the same.
///   x_i = logit_i, of tokens the text has divided by repetition_penalty where positive, else multiplied by
///   it greedy:  the lowest i of the largest x_i sample:  w_i = floor(2^40 e^((x_i - max x) / temperature)),
///   tokens in the order of falling w, then rising i;
///            K = the first top_k of them (0: all);  kept = the shortest beginning of K whose weights reach
///            top_p of K's;  S = sum of kept weights;  u = first word of philox(seed, stream, step); the
///            first kept token, by i, at which the running sum of weights exceeds floor((2 u + 1) S / 2^33)
/// Shapes: logits [N, V], changed where a text has the token; ids [N]; draws [N, 3] = {stream, step, row of
/// used}
///   on the host; used [M, V], 1 where a text has a token, written for the one chosen; all contiguous
/// Types: logits f32, ids i32, draws i64, used u8. e^x by a polynomial in f64 with fused steps.
/// A logit that is NaN: ids_n = -1 - its place.      Determinism: bitwise, the same on every device
struct SampleTokens {
  static constexpr const char* kName = "sample_tokens";
  Array logits, draws, ids;
  Array used;           ///< undefined: no repetition penalty
  bool sample = false;  ///< false: greedy
  double temperature = 1, top_p = 1, repetition_penalty = 1;
  int64_t top_k = 0;
  int64_t usable = 0;  ///< ids from here on are never chosen; 0: V
  uint64_t seed = 0;
  Device device() const { return logits.device(); }
  int64_t choices() const;  ///< ids that may be chosen: usable, at most V
  void check() const;
};

void run_cpu(const SampleTokens&);
void run_cuda(const SampleTokens&);

}  // namespace genesis::kernels
