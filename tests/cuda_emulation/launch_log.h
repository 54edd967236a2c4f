#pragma once
#include <cstddef>

#include "emulator.h"

namespace genesis::emulation {

/// Keeps the largest block and the most shared memory a kernel was started with. With
/// GENESIS_EMULATION_LAUNCHES=FILE the process adds a line a kernel to FILE when it ends:
///   threads, bytes of shared memory (dynamic and its own), bytes of parameters, the kernel's name
void note_launch(const Launch& launch, size_t fixed_shared);

}  // namespace genesis::emulation
