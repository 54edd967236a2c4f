#pragma once
#include <string>

namespace genesis::kernels {

/// "oneDNN 2.7.3, kernels up to avx512_core_amx": the library loaded at run time and what it takes from this
/// CPU.
std::string onednn_version();

}  // namespace genesis::kernels
