#pragma once
#include "kernels/core/array.h"

namespace genesis::kernels {

/// Which dimensions of a head turn together, i < d/2: halves i and i + d/2, as every Qwen model has it;
/// neighbours 2i and 2i + 1, as the rotary paper draws it (an experiment: no released Qwen does it).
enum class RopePairing : uint8_t { halves, neighbours };

/// Rotary position embedding. (a, b) being the dimensions of pair i:
///   y_a = x_a c_i - x_b s_i;  y_b = x_b c_i + x_a s_i,  c_i = cos[position_n, i], s_i = sin[position_n, i]
///   inverse: s_i changes sign; it undoes the rotation and is the gradient.
/// Shapes: x, y [N, heads, d] (leading strides free, d even), positions [N] i32 contiguous, cos, sin [P, d/2]
/// contiguous
///   y may be x itself.
/// Types: x, y f64 | f32 | bf16 (computed in f32, rounded once); cos, sin f64 for f64, else f32
/// Errors: genesis::Error naming row and value when a position is outside [0, P)
/// Determinism: bitwise
/// Source: Su et al. 2021, section 3.4.2
struct Rope {
  static constexpr const char* kName = "rope";
  Array x, positions, cos, sin;
  Array y;
  bool inverse = false;
  RopePairing pairing = RopePairing::halves;
  Device device() const { return x.device(); }
  void check() const;
};

void run_cpu(const Rope&);
void run_cuda(const Rope&);

/// cos and sin of position times frequency for positions 0, 1, …, grown when a longer row comes.
///   frequency_i = base'^(-2i/d), base' = base alpha^(d/(d-2)); alpha is the dynamic-NTK factor (1 in
///   training)
/// Types: computed in double, rounded once to f32 (or kept as f64)
class RopeTable {
 public:
  RopeTable(int64_t head_dim, double base, DType dtype = DType::f32, double alpha = 1.0);

  /// Makes room for positions [0, length). Arrays handed out before stay valid.
  void ensure(int64_t length);
  /// How heads are paired by who uses this table.
  RopePairing pairing = RopePairing::halves;
  int64_t length() const { return cos_.defined() ? cos_.dim(0) : 0; }
  int64_t head_dim() const { return head_dim_; }
  double alpha() const { return alpha_; }
  const Array& cos() const { return cos_; }  ///< [length, d/2]
  const Array& sin() const { return sin_; }  ///< [length, d/2]

 private:
  int64_t head_dim_;
  double base_, alpha_;
  DType dtype_;
  Array cos_, sin_;
};

}  // namespace genesis::kernels
