#pragma once
#include <string>

namespace genesis::kernels::cuda {

/// As cublas_version() (kernels/cublas_version.h), in builds with CUDA.
std::string cublas_text();

}  // namespace genesis::kernels::cuda
