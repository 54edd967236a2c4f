#pragma once
#include <string>

namespace genesis::parallel {

/// "NCCL 2.28.9, registered buffers", or why there is none; "" in a build without CUDA. Loads the library.
std::string nccl_version();

}  // namespace genesis::parallel
