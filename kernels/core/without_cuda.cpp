// The device side of a build without CUDA: there is no card, and whoever asks for one is told so.
#ifndef GENESIS_HAS_CUDA
#include "kernels/core/check.h"
#include "kernels/core/cuda/runtime.h"

namespace genesis::cuda {

const Probe& probe() {
  static const Probe nothing{.found = "this program was built without CUDA"};
  return nothing;
}
void choose_device(int) {}
void require() { throw ConfigError("device cuda: {}", probe().found); }
CardMemory card_memory() { return {}; }
void* allocate_bytes(int64_t) {
  require();
  return nullptr;
}
void free_bytes(void*) noexcept {}
void* allocate_pinned(int64_t) {
  require();
  return nullptr;
}
void free_pinned(void*) noexcept {}
void copy_to_card(void*, const void*, int64_t) { require(); }
void copy_to_host(void*, const void*, int64_t) { require(); }
void copy_on_card(void*, const void*, int64_t) { require(); }
void zero_on_card(void*, int64_t) { require(); }
void synchronize() {}
void set_launch_blocking(bool) {}
bool launch_blocking() { return false; }
void begin_range(const char*) {}
void end_range() {}

}  // namespace genesis::cuda
#endif
