#pragma once
#include <algorithm>
#include <cstdint>

namespace genesis::kernels::cuda {

inline constexpr int kThreads = 256;

/// Blocks of kThreads threads for n elements in a grid-stride loop: enough to fill the card, not more.
inline int blocks_for(int64_t n) { return int(std::min<int64_t>((n + kThreads - 1) / kThreads, 4096)); }

/// Errors: genesis::Error naming the kernel when the last launch was refused.
void check_launch(const char* kernel);

}  // namespace genesis::kernels::cuda
