#pragma once
#include <cstdint>

#include "kernels/core/cuda/stream.h"

namespace genesis::cuda {

/// Copies host bytes to the card through a ring of pinned buffers, so that the caller's memory is free at
/// once and the host does not wait for the card unless the ring is full. Errors: genesis::Error of the copy.
void stage_to_card(void* dst, const void* src, int64_t bytes, StreamHandle stream);

}  // namespace genesis::cuda
