#pragma once
#include <cstdint>
#include <string>

namespace genesis::cuda {

/// What the machine offers this build, found out once. Looking never throws and loads no library but the
/// driver.
struct Probe {
  bool usable = false;
  std::string found;   ///< the card's name, or why there is none that can be used
  int device = 0;      ///< number of the card this process uses
  int capability = 0;  ///< 90 for compute capability 9.0
  int multiprocessors = 0;
  int64_t memory_bytes = 0;
};
/// The card of this process: number (local rank) modulo (cards). The first call decides; a rank that is not
/// alone on its host calls choose_device() before it.
const Probe& probe();
void choose_device(int local_rank);

/// Makes the card ready for this process (the context is created here, once).
/// Errors: ConfigError saying what was found: no driver, a driver older than the toolkit, no card, a card
/// older than
///   compute capability 8.0, a card that another process holds exclusively.
void require();

/// Bytes on the card: free for anyone, and in all.
struct CardMemory {
  int64_t free = 0, total = 0;
};
CardMemory card_memory();

/// Device memory straight from the driver; nullptr when the card has none left.
void* allocate_bytes(int64_t bytes);
void free_bytes(void* data) noexcept;
/// Host memory the card can copy from and to by itself.
void* allocate_pinned(int64_t bytes);
void free_pinned(void* data) noexcept;

// All in the order of the calling thread's current stream (stream.h); none waits unless it says so.
void copy_to_card(void* dst, const void* src, int64_t bytes);  ///< src may change as soon as this returns
void copy_to_host(void* dst, const void* src, int64_t bytes);  ///< returns when the bytes are there
void copy_on_card(void* dst, const void* src, int64_t bytes);
void zero_on_card(void* dst, int64_t bytes);
/// Waits for everything the current stream was given.
void synchronize();

/// Every launch waits for its kernel, so that a failure is reported where it was caused (debug=true).
void set_launch_blocking(bool on);
bool launch_blocking();

/// A named range in the profilers that read NVTX; costs a branch when none is attached.
void begin_range(const char* name);
void end_range();

}  // namespace genesis::cuda
