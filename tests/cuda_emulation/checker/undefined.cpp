// What -fsanitize=undefined calls in sources of kernels: addresses that are not aligned for their type (a
// card refuses them, x86 does not), indices outside of an array, overflow.
#include <string>
#include <utility>

#include "callbacks.h"
#include "fault.h"
#include "order.h"

namespace {

using genesis::emulation::FaultKind;

struct Location {
  const char* file;
  uint32_t line, column;
};
/// Every description begins with its place.
struct Description {
  Location at;
};
struct TypeName {
  uint16_t kind, info;
  char name[1];
};
struct Mismatch {
  Location at;
  const TypeName* type;
  unsigned char log_alignment, kind;
};
struct OutOfBounds {
  Location at;
  const TypeName *array, *index;
};

void found(FaultKind kind, const Location& at, const std::string& what) {
  genesis::emulation::Actor* actor = std::exchange(genesis::emulation::acting, nullptr);
  const std::string file = at.file;
  const std::string place = file.substr(file.rfind('/') + 1) + ":" + std::to_string(at.line);
  genesis::emulation::report(
      kind, reinterpret_cast<uintptr_t>(at.file), at.line,
      (actor ? genesis::emulation::name_of_work() : "host code") + ": " + what + " (" + place + ")");
  genesis::emulation::acting = actor;
}

void arithmetic(void* description, const char* what) {
  found(FaultKind::arithmetic, static_cast<Description*>(description)->at, what);
}

void mismatch(void* description, uintptr_t address) {
  const auto& m = *static_cast<Mismatch*>(description);
  const uintptr_t alignment = uintptr_t{1} << m.log_alignment;
  if (address != 0 && address % alignment == 0) return;
  if (address == 0) return found(FaultKind::outside, m.at, "a null pointer is followed");
  found(FaultKind::misaligned, m.at,
        std::string("an address ") + std::to_string(address % alignment) + " bytes beyond a multiple of " +
            std::to_string(alignment) + " is used as " + m.type->name);
}

void out_of_bounds(void* description, uintptr_t index) {
  const auto& o = *static_cast<OutOfBounds*>(description);
  found(FaultKind::outside, o.at, "index " + std::to_string(intptr_t(index)) + " of " + o.array->name);
}

}  // namespace

extern "C" {

void __ubsan_handle_type_mismatch_v1(void* d, uintptr_t address) { mismatch(d, address); }
void __ubsan_handle_out_of_bounds(void* d, uintptr_t index) { out_of_bounds(d, index); }
void __ubsan_handle_add_overflow(void* d, uintptr_t, uintptr_t) { arithmetic(d, "a sum overflows"); }
void __ubsan_handle_sub_overflow(void* d, uintptr_t, uintptr_t) { arithmetic(d, "a difference overflows"); }
void __ubsan_handle_mul_overflow(void* d, uintptr_t, uintptr_t) { arithmetic(d, "a product overflows"); }
void __ubsan_handle_negate_overflow(void* d, uintptr_t) { arithmetic(d, "a negation overflows"); }
void __ubsan_handle_divrem_overflow(void* d, uintptr_t, uintptr_t) {
  arithmetic(d, "a division by zero or overflow");
}
void __ubsan_handle_shift_out_of_bounds(void* d, uintptr_t, uintptr_t) {
  arithmetic(d, "a shift out of bounds");
}

}  // extern "C"
