#pragma once
#include "kernels/core/array.h"
#include "kernels/core/check.h"
#include "kernels/core/cuda/runtime.h"
#include "kernels/core/profile.h"

namespace genesis::kernels {

#ifdef GENESIS_HAS_CUDA
inline constexpr bool kHasCuda = true;
#else
inline constexpr bool kHasCuda = false;
#endif

/// Around a kernel on the card: its name in a profiler, and its time in the profile (the host then waits for
/// it).
class CardScope {
 public:
  explicit CardScope(const char* name) { cuda::begin_range(name); }
  ~CardScope() { cuda::end_range(); }
  CardScope(const CardScope&) = delete;
  CardScope& operator=(const CardScope&) = delete;
};

/// The one entry to every kernel: checks the contract, then picks the back end by overload.
/// Errors: genesis::Error from Op::check(), or when this build has no back end for the device.
template <class Op>
void run(const Op& op) {
  op.check();
  ProfileScope time(Op::kName);
  if (op.device() == Device::cpu) return run_cpu(op);
  if constexpr (kHasCuda && requires { run_cuda(op); }) {
    CardScope range(Op::kName);
    run_cuda(op);
    if (profiling()) cuda::synchronize();
  } else {
    GENESIS_CHECK(false, Op::kName, " has no ", name_of(op.device()), " kernel in this build");
  }
}

}  // namespace genesis::kernels
