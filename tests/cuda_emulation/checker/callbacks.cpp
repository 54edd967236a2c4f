#include "callbacks.h"

#include <string>

#include "fault.h"
#include "image.h"
#include "order.h"
#include "streams.h"

namespace genesis::emulation {

constinit thread_local Actor* acting = nullptr;
constinit thread_local OwnMemory own_memory;

namespace {

/// Neither the card's memory nor shared: a kernel's own, or a fault.
void check_elsewhere(uintptr_t at, size_t bytes, Access access, uintptr_t code) {
  const OwnMemory& own = own_memory;
  if (at >= own.parameters_begin && at + bytes <= own.parameters_end && access == Access::read) return;
  static const Extent program = image();
  const bool in_program = at >= program.begin && at < program.end;
  if (in_program && access == Access::read) return;  // constants
  if (!in_program && is_pinned(reinterpret_cast<const void*>(at))) return;
  report(FaultKind::outside, code, 0,
         name_of_work() + ": " + (access == Access::read ? "read" : "write") + " of " +
             std::to_string(bytes) + " bytes of the host's memory (" + place_of(code) + ")");
}

[[gnu::always_inline]] inline void access_of(const void* address, size_t bytes, Access access,
                                             uintptr_t code) {
  Actor* actor = acting;
  if (!actor) return;
  const auto at = reinterpret_cast<uintptr_t>(address);
  if (at - own_memory.stack_begin < own_memory.stack_end - own_memory.stack_begin) return;
  acting = nullptr;  // functions of the standard library that a kernel's source instantiated are ours, too
  if (!check_access(*actor, at, bytes, access, code)) check_elsewhere(at, bytes, access, code);
  acting = actor;
}

}  // namespace

void note_access(const void* address, size_t bytes, Access access, uintptr_t code) {
  access_of(address, bytes, access, code);
}

}  // namespace genesis::emulation

using genesis::emulation::Access;
using genesis::emulation::access_of;

#define GENESIS_HERE reinterpret_cast<uintptr_t>(__builtin_return_address(0))
#define GENESIS_ACCESSES(bytes)                                                                   \
  void __tsan_read##bytes(void* p) { access_of(p, bytes, Access::read, GENESIS_HERE); }           \
  void __tsan_write##bytes(void* p) { access_of(p, bytes, Access::write, GENESIS_HERE); }         \
  void __tsan_unaligned_read##bytes(void* p) { access_of(p, bytes, Access::read, GENESIS_HERE); } \
  void __tsan_unaligned_write##bytes(void* p) { access_of(p, bytes, Access::write, GENESIS_HERE); }

extern "C" {

GENESIS_ACCESSES(1)
GENESIS_ACCESSES(2)
GENESIS_ACCESSES(4)
GENESIS_ACCESSES(8)
GENESIS_ACCESSES(16)
void __tsan_read_range(void* p, size_t bytes) { access_of(p, bytes, Access::read, GENESIS_HERE); }
void __tsan_write_range(void* p, size_t bytes) { access_of(p, bytes, Access::write, GENESIS_HERE); }
void __tsan_vptr_update(void**, void*) {}
void __tsan_vptr_read(void**) {}
void __tsan_func_entry(void*) {}
void __tsan_func_exit() {}
void __tsan_init() {}

// Atomics of the host's code in those files (reference counts, flags); a kernel's are functions of the
// emulation.
#define GENESIS_ATOMICS(bits, Word)                                                                \
  Word __tsan_atomic##bits##_load(const volatile Word* p, int) {                                   \
    return __atomic_load_n(p, __ATOMIC_SEQ_CST);                                                   \
  }                                                                                                \
  void __tsan_atomic##bits##_store(volatile Word* p, Word v, int) {                                \
    __atomic_store_n(p, v, __ATOMIC_SEQ_CST);                                                      \
  }                                                                                                \
  Word __tsan_atomic##bits##_exchange(volatile Word* p, Word v, int) {                             \
    return __atomic_exchange_n(p, v, __ATOMIC_SEQ_CST);                                            \
  }                                                                                                \
  Word __tsan_atomic##bits##_fetch_add(volatile Word* p, Word v, int) {                            \
    return __atomic_fetch_add(p, v, __ATOMIC_SEQ_CST);                                             \
  }                                                                                                \
  Word __tsan_atomic##bits##_fetch_sub(volatile Word* p, Word v, int) {                            \
    return __atomic_fetch_sub(p, v, __ATOMIC_SEQ_CST);                                             \
  }                                                                                                \
  int __tsan_atomic##bits##_compare_exchange_strong(volatile Word* p, Word* e, Word v, int, int) { \
    return __atomic_compare_exchange_n(p, e, v, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);        \
  }                                                                                                \
  int __tsan_atomic##bits##_compare_exchange_weak(volatile Word* p, Word* e, Word v, int, int) {   \
    return __atomic_compare_exchange_n(p, e, v, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);        \
  }
GENESIS_ATOMICS(8, unsigned char)
GENESIS_ATOMICS(16, unsigned short)
GENESIS_ATOMICS(32, unsigned)
GENESIS_ATOMICS(64, unsigned long)
void __tsan_atomic_thread_fence(int) { __atomic_thread_fence(__ATOMIC_SEQ_CST); }

}  // extern "C"
