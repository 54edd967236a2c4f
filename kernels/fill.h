#pragma once
#include "kernels/core/array.h"

namespace genesis::kernels {

/// Every element of dst = value, converted to its dtype.
/// Shapes: any, any strides      Types: any      Determinism: bitwise
struct Fill {
  static constexpr const char* kName = "fill";
  Array dst;
  double value = 0;
  Device device() const { return dst.device(); }
  void check() const { GENESIS_CHECK(dst.defined(), kName, ": dst is undefined"); }
};

void run_cpu(const Fill&);
void run_cuda(const Fill&);

}  // namespace genesis::kernels
