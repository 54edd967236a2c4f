#pragma once
#include <string>

namespace genesis::kernels {

/// "cuDNN 9.26.0, frontend 1.32.0", or why attention does not use it; "" in a build without CUDA. Loads the
/// library.
std::string cudnn_version();

}  // namespace genesis::kernels
