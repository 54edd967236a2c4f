#pragma once
#include "kernels/core/array.h"

namespace genesis::kernels {

/// Rows of a table of which only a part is here: rows [first, first + R) of `total`; zeros for the others.
/// The sum over all parts is EmbeddingForward of the whole table.
///   y_n = round(weight_{ids_n - first}) where that row is here, else 0
/// Shapes: ids [...] i32 contiguous, weight [R, H] contiguous, y [..., H] contiguous
/// Types: weight f64 | f32 | bf16; y the same, or bf16 from an f32 table
/// Errors: genesis::Error naming place and value when an id is outside [0, total)
/// Determinism: bitwise
struct EmbeddingPartForward {
  static constexpr const char* kName = "embedding_part.forward";
  Array ids, weight;
  int64_t first = 0, total = 0;
  Array y;
  Device device() const { return weight.device(); }
  void check() const;
};

/// Adds the gradient of each row that is here: dweight_v += sum of dy_n over n with ids_n = first + v.
/// Shapes: dy [..., H] contiguous, ids [...] i32 contiguous, dweight [R, H] contiguous
/// Types: as EmbeddingBackward     Errors: as forward
/// Determinism: bitwise; as EmbeddingBackward of the whole table
struct EmbeddingPartBackward {
  static constexpr const char* kName = "embedding_part.backward";
  Array dy, ids;
  int64_t first = 0, total = 0;
  Array dweight;
  Device device() const { return dy.device(); }
  void check() const;
};

void run_cpu(const EmbeddingPartForward&);
void run_cuda(const EmbeddingPartForward&);
void run_cpu(const EmbeddingPartBackward&);
void run_cuda(const EmbeddingPartBackward&);

}  // namespace genesis::kernels
