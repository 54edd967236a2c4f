#pragma once
#include <string>

#include "kernels/core/dtype.h"

namespace genesis::kernels {

/// "cuDNN 9.26.0, frontend 1.32.0", or why attention does not use it; "" in a build without CUDA. Loads the
/// library.
std::string cudnn_version();

/// Whether cuDNN may compute attention of this dtype over so many rows; false without a card. Loads the
/// library where it could.
bool cudnn_may_attend(DType dtype, int64_t head_dim, int64_t rows);

}  // namespace genesis::kernels
