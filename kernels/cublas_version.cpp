#include "kernels/cublas_version.h"

#include "kernels/core/run.h"
#include "kernels/cuda/cublas_text.h"

namespace genesis::kernels {

std::string cublas_version() {
  if constexpr (kHasCuda) return cuda::cublas_text();
  return "";
}

}  // namespace genesis::kernels
