#pragma once
#include <cstdint>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#define GENESIS_POISON(action, at, bytes) ASAN_##action##_MEMORY_REGION(at, bytes)
#else
#define GENESIS_POISON(action, at, bytes) (void)(at), (void)(bytes)
#endif

namespace genesis {

/// Bytes nobody may touch from now on: the address sanitizer reports who does. Without it: nothing.
inline void poison(const void* at, int64_t bytes) { GENESIS_POISON(POISON, at, size_t(bytes)); }
/// Bytes that may be touched again.
inline void unpoison(const void* at, int64_t bytes) { GENESIS_POISON(UNPOISON, at, size_t(bytes)); }

#if defined(GENESIS_CUDA_EMULATION)
/// A block of the card's memory is handed out, or taken back, in the order of the current stream: the
/// emulated card (tests/cuda_emulation) reports who touches any other, or reads what nobody wrote since.
void note_card_block(void* block, int64_t bytes, bool in_use);
/// A segment that blocks will be cut out of, at once: also where work is being recorded, which runs again.
void note_card_segment(void* segment);
#else
inline void note_card_segment(void*) {}
inline void note_card_block(void*, int64_t, bool) {}
#endif

}  // namespace genesis

#undef GENESIS_POISON
