#pragma once
namespace genesis::emulation {

/// The copies that the threads of a block have under way (copy_later in emulator.h).
void begin_copies(int threads);
/// A thread ends: what it never waited for arrives nowhere.
void end_copies(int thread);

}  // namespace genesis::emulation
