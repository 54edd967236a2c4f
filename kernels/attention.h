#pragma once
#include "kernels/core/run.h"

namespace genesis::kernels {

/// Causal attention over packed sequences of different lengths ("varlen"), with grouped key/value heads.
///   Sequence s has queries n = cu_q[s] .. cu_q[s+1]-1 and keys m = k_begin[s] .. k_begin[s]+k_length[s]-1;
///   with Lq queries and Lk >= Lq keys its query i sees its keys 0 .. Lk-Lq+i (training: Lk = Lq; decoding:
///   Lq = 1). s_nm = scale q_n . k_m      p_nm = e^(s_nm) / sum_m e^(s_nm)      out_n = sum_m p_nm v_m lse_n
///   = ln sum_m e^(s_nm); query head a reads key/value head a K / A; scale = 1 / sqrt(d) unless given
/// Shapes: q, out [N, A, d], k, v [M, K, d]: elements and heads beside each other, rows apart (views of a
/// fused
///         buffer); lse [A, N] contiguous or undefined; cu_q [S+1], k_begin, k_length [S]; K divides A; d
///         even
/// Types: q, k, v, out equal: f64, f32, bf16; lse f32 (f64 for f64); cu_q, k_begin, k_length i32. Scores and
/// sums in
///        f32 (f64); for bf16 the probabilities are rounded to bf16 before they meet v.
/// Memory: tiles of 64 x 64 scores; never a [Lq, Lk] matrix.
/// Errors: genesis::Error when shapes, dtypes, strides or lengths do not fit; it names the sequence.
/// Determinism: bitwise, whatever the thread count.
/// Source: Dao et al., FlashAttention-2, 2023, algorithm 1 (online softmax).
struct AttentionForward {
  static constexpr const char* kName = "attention.forward";
  Array q, k, v;
  Array cu_q, k_begin, k_length;
  Array out, lse;
  double scale = 0;  ///< 0: 1 / sqrt(d)

  Device device() const { return out.device(); }
  void check() const;
};

/// Gradients of AttentionForward: with ds_nm = p_nm (dout_n . v_m - dout_n . out_n),
///   dq_n = scale sum_m ds_nm k_m     dk_m = scale sum_n ds_nm q_n     dv_m = sum_n p_nm dout_n
///   (n over the queries of every head that reads the key/value head). p is computed again from q, k and lse.
/// Shapes: as forward; dout as out, dq as q, dk, dv as k; rows may be apart (views of a fused buffer). Every
/// row of
///         dk and dv must belong to a sequence; a row that no sequence names is left as it is.
/// Types, Errors, Determinism: as forward.
struct AttentionBackward {
  static constexpr const char* kName = "attention.backward";
  Array dout, q, k, v, out, lse;
  Array cu_q, k_begin, k_length;
  Array dq, dk, dv;
  double scale = 0;  ///< 0: 1 / sqrt(d)

  Device device() const { return dout.device(); }
  void check() const;
};

void run_cpu(const AttentionForward& op);
void run_cuda(const AttentionForward& op);
void run_cpu(const AttentionBackward& op);
void run_cuda(const AttentionBackward& op);

}  // namespace genesis::kernels
