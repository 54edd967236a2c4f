#pragma once
#include "kernels/core/array.h"
#include "kernels/core/check.h"
#include "kernels/core/profile.h"

namespace genesis::kernels {

#ifdef GENESIS_CUDA
inline constexpr bool kHasCuda = true;
#else
inline constexpr bool kHasCuda = false;
#endif

/// The one entry to every kernel: checks the contract, then picks the back end by overload.
/// Errors: genesis::Error from Op::check(), or when this build has no back end for the device.
template <class Op>
void run(const Op& op) {
  op.check();
  ProfileScope time(Op::kName);
  if (op.device() == Device::cpu) return run_cpu(op);
  if constexpr (kHasCuda && requires { run_cuda(op); }) {
    return run_cuda(op);
  } else {
    GENESIS_CHECK(false, Op::kName, " has no ", name_of(op.device()), " kernel in this build");
  }
}

}  // namespace genesis::kernels
