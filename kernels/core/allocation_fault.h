#pragma once
#include <cstdint>
#include <functional>

#include "kernels/core/device.h"
#include "kernels/core/memory.h"

namespace genesis {

/// Asked before each allocation with its bytes and category; true makes it fail as if the system had none
/// left. For tests of what a run does then. Empty: nothing fails. Set while no other thread allocates.
void set_allocation_fault(std::function<bool(int64_t bytes, MemoryCategory category)> fails);

/// What allocate() asks first. Errors: genesis::Error, as for a lack of memory, when the fault says so.
void check_allocation_fault(int64_t bytes, Device device);

/// Errors: genesis::Error "out of memory on cpu: 4096 bytes asked for activations; in use: parameters 10
/// bytes, …".
[[noreturn]] void throw_out_of_memory(int64_t bytes, Device device);

}  // namespace genesis
