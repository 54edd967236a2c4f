#pragma once
// The accesses of a kernel. Sources of kernels are compiled with -fsanitize=thread, which puts a call before
// every access to memory, and some checks of -fsanitize=undefined; the functions they call are ours.
#include "shadow.h"

namespace genesis::emulation {

/// The memory of the running thread of a kernel that is neither the card's nor shared.
struct OwnMemory {
  uintptr_t stack_begin = 0, stack_end = 0;
  uintptr_t parameters_begin = 0, parameters_end = 0;  ///< read only
};

/// Whose accesses are looked at on this thread of the host; null: nobody's.
extern constinit thread_local Actor* acting;
extern constinit thread_local OwnMemory own_memory;

/// An access that no compiler put a call before.
void note_access(const void* address, size_t bytes, Access access, uintptr_t code);

}  // namespace genesis::emulation
