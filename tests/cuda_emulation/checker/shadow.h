#pragma once
// What is known of every two bytes of device and shared memory: who wrote them last, who has read them since,
// whether they were written at all. Exact for accesses of two bytes and more; neighbouring bytes that share a
// cell are told apart by a mask, with one access of each kept.
//   Two accesses race when one writes, not both are atomic, and neither a barrier, nor the order of the
//   thread, nor (between pieces of work) streams and events lie between them.
#include <cstddef>
#include <cstdint>

namespace genesis::emulation {

enum class Access { read, write, atomic };

/// A thread of the running kernel, as accesses see it.
struct Actor {
  uint32_t block = 0;
  uint16_t thread = 0;
  uint32_t block_barriers = 0, warp_barriers = 0;
  uint32_t stamp = 0;  ///< of this interval; 0: not made yet
};

/// Device memory that a kernel may use: [begin, begin + bytes). What was there before counts as unwritten.
void open_block(char* begin, size_t bytes);
/// All that begin in [begin, begin + bytes).
void close_blocks(char* begin, size_t bytes);

/// Where device memory is, and the room for dynamic shared memory with what this launch has of it.
void set_arena(char* begin, size_t bytes);
void set_dynamic_shared(char* begin, size_t room, size_t bytes);

bool is_device_memory(uintptr_t address);

/// A block of threads begins: its shared memory is unwritten.
void begin_thread_block();

/// An access of a thread to device or shared memory; false when `address` is neither.
bool check_access(Actor& actor, uintptr_t address, size_t bytes, Access access, uintptr_t code);

/// What a copy or a library does in the running piece of work.
void check_range(const void* data, size_t bytes, Access access);
/// dst is as much written as src was.
void check_copy(const void* dst, const void* src, size_t bytes);
/// Bytes of shared memory an asynchronous copy will bring: unwritten until then.
void mark_in_flight(uintptr_t address, size_t bytes);

/// Clears what is known of accesses (stamps begin anew); what is written stays written.
void forget_accesses();

}  // namespace genesis::emulation
