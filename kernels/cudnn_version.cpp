#include "kernels/cudnn_version.h"

#include "kernels/core/run.h"
#include "kernels/cuda/sdpa_plan.h"

namespace genesis::kernels {

std::string cudnn_version() {
  if constexpr (kHasCuda) return cuda::cudnn_state().text;
  return "";
}

}  // namespace genesis::kernels
