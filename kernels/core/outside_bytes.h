#pragma once
#include "kernels/core/memory.h"

namespace genesis {

/// As count_outside_bytes(category, bytes), for memory of `device`: of a card, what a library has allocated
/// there.
void count_outside_bytes(MemoryCategory category, int64_t bytes, Device device);

}  // namespace genesis
