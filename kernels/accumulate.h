#pragma once
#include "kernels/core/run.h"

namespace genesis::kernels {

/// dst = src (overwrite) or dst += src, converted to dst's dtype; the sum is made in f32 (f64 when either is
/// f64). Shapes: equal element counts, both contiguous     Types: any two of f64, f32, bf16 Errors:
/// genesis::Error on different element counts. Determinism: bitwise.
struct Accumulate {
  static constexpr const char* kName = "accumulate";
  Array src, dst;
  bool overwrite = false;

  Device device() const { return dst.device(); }
  void check() const {
    GENESIS_CHECK(src.numel() == dst.numel(), "accumulate: src has ", src.numel(), " elements, dst has ",
                  dst.numel());
    GENESIS_CHECK(src.is_contiguous() && dst.is_contiguous(), "accumulate: both arrays must be contiguous");
  }
};

void run_cpu(const Accumulate& op);
void run_cuda(const Accumulate& op);

}  // namespace genesis::kernels
