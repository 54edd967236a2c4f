#pragma once
#include <vector>

#include "kernels/core/array.h"

namespace genesis::kernels {

/// Lays arrays side by side along one dimension.
/// Shapes: inputs equal but for dimension `dim` (0-based), y their sum there; any strides      Types: any,
/// one for all Determinism: bitwise
struct Cat {
  static constexpr const char* kName = "cat";
  std::vector<Array> inputs;
  int64_t dim = 0;
  Array y;
  Device device() const { return y.device(); }
  void check() const;
};

void run_cpu(const Cat&);
void run_cuda(const Cat&);

}  // namespace genesis::kernels
