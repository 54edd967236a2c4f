#pragma once
#include "kernels/core/array.h"
#include "kernels/core/rng.h"

namespace genesis::kernels {

/// Sets elements to 0 with probability p and multiplies the others by 1 / (1 - p). It is its own gradient:
/// the same stream on dy gives dx, so no mask is stored.
///   element i is kept when uniform(stream, first_element + i) >= p, whatever the threads, ranks or earlier
///   calls
/// Shapes: x, y equal, contiguous; y may be x itself      Types: f64 | f32 | bf16
/// Errors: genesis::Error unless 0 <= p < 1      Determinism: bitwise
struct Dropout {
  static constexpr const char* kName = "dropout";
  Array x;
  double p = 0;
  RandomStream stream;
  uint64_t first_element = 0;  ///< place of x's first element in the stream
  Array y;
  Device device() const { return x.device(); }
  void check() const;
};

void run_cpu(const Dropout&);
void run_cuda(const Dropout&);

}  // namespace genesis::kernels
