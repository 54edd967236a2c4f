// The entry point libFuzzer calls; the program holds one target.
#include <cstddef>
#include <cstdint>

#include "tests/fuzz/target.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  genesis::fuzz::run_once(genesis::fuzz::targets().front(), {reinterpret_cast<const char*>(data), size});
  return 0;
}
