#pragma once
#include <string>

namespace genesis::kernels {

/// "cuBLASLt 13.1.0", or why products on a card cannot be made; "" in a build without CUDA. Where there is a
/// card it loads the library.
std::string cublas_version();

}  // namespace genesis::kernels
