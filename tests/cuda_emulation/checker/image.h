#pragma once
// What the running program's own symbols tell: the name and line of a place in the code, and which of its
// variables are __shared__ ones (function-local statics here).
#include <cstddef>
#include <cstdint>
#include <string>

namespace genesis::emulation {

struct Extent {
  uintptr_t begin = 0, end = 0;
};

/// The program as it is mapped.
Extent image();
/// From the first to the last static variable inside a function that can be written.
Extent static_shared();
/// The variable that holds `address`; begin 0 where there is none. Its name, demangled.
Extent shared_variable(uintptr_t address);
std::string name_of_variable(uintptr_t address);
/// Bytes of the __shared__ variables of one kernel.
size_t static_shared_bytes(const void* kernel);

std::string name_of_function(uintptr_t code);
/// "file:line in function" of an address that a call returns to; the line is asked of addr2line, which takes
/// its time.
std::string place_of(uintptr_t return_address);

}  // namespace genesis::emulation
