#include "kernels/cudnn_version.h"

#include "kernels/core/run.h"
#include "kernels/cuda/library_attention.h"
#include "kernels/cuda/sdpa_plan.h"

namespace genesis::kernels {

std::string cudnn_version() {
  if constexpr (kHasCuda) return cuda::cudnn_state().text;
  return "";
}

bool cudnn_may_attend(DType dtype, int64_t head_dim, int64_t rows) {
  if constexpr (kHasCuda) return cuda::library_may_attend(dtype, head_dim, rows);
  return false;
}

}  // namespace genesis::kernels
