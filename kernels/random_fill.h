#pragma once
#include "kernels/core/array.h"
#include "kernels/core/rng.h"

namespace genesis::kernels {

enum class Distribution { normal, uniform };

/// Random numbers that depend only on (stream, place of the element): the same for any threads, ranks or
/// shards.
///   normal: mean a, standard deviation b; element i is value i % 2 of normal_pair(stream, i / 2)
///   uniform: in [a, b) before rounding to the dtype, 24 bits; element i is word i % 4 of the stream's
///   counter i / 4
/// Shapes: y contiguous      Types: f64 | f32 | bf16 (rounded to nearest)      Determinism: bitwise
struct RandomFill {
  static constexpr const char* kName = "random_fill";
  Distribution distribution = Distribution::normal;
  double a = 0, b = 1;
  RandomStream stream;
  uint64_t first_element = 0;  ///< place of y's first element in the stream
  Array y;
  Device device() const { return y.device(); }
  void check() const;
};

void run_cpu(const RandomFill&);
void run_cuda(const RandomFill&);

}  // namespace genesis::kernels
