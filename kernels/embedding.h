#pragma once
#include "kernels/core/array.h"

namespace genesis::kernels {

/// Rows of a table picked by number.
///   y_n = round(weight_{ids_n})
/// Shapes: ids [...] i32 contiguous, weight [V, H] contiguous, y [..., H] contiguous
/// Types: weight f64 | f32 | bf16; y the same, or bf16 from an f32 table
/// Errors: genesis::Error naming place and value when an id is outside [0, V)
/// Determinism: bitwise
struct EmbeddingForward {
  static constexpr const char* kName = "embedding.forward";
  Array ids, weight;
  Array y;
  Device device() const { return weight.device(); }
  void check() const;
};

/// Adds the gradient of each row to the table's gradient: dweight_v += sum of dy_n over n with ids_n = v.
/// Shapes: dy [..., H] contiguous, ids [...] i32 contiguous, dweight [V, H] contiguous
/// Types: dy f64 | f32 | bf16; dweight f64 for f64, else f32 (or bf16 for bf16: summed in f32, rounded once)
/// Errors: as forward
/// Determinism: bitwise; rows of one id are added in the order of n, whatever the number of threads
struct EmbeddingBackward {
  static constexpr const char* kName = "embedding.backward";
  Array dy, ids;
  Array dweight;
  Device device() const { return dy.device(); }
  void check() const;
};

void run_cpu(const EmbeddingForward&);
void run_cuda(const EmbeddingForward&);
void run_cpu(const EmbeddingBackward&);
void run_cuda(const EmbeddingBackward&);

}  // namespace genesis::kernels
