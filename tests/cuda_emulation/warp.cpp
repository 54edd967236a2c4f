// What the lanes of a warp do together: shuffles, tensor-core products, loads of fragments. None of it orders
// memory (CUDA programming guide: only __syncwarp and __syncthreads do).
#include <cstring>
#include <string>

#include "checker/callbacks.h"
#include "checker/fault.h"
#include "checker/order.h"
#include "fibers.h"

namespace genesis::emulation {
namespace {

void refuse(const Site& site, const std::string& why) {
  const std::string file = site.file_name();
  report(FaultKind::synchronisation, site.line(), 0,
         name_of_work() + ": " + why + " (" + file.substr(file.rfind('/') + 1) + ":" +
             std::to_string(site.line()) + ")");
}

/// Puts the running lane's part where the others read it once they have met.
LaneSlot* give(const void* part, size_t bytes) {
  LaneSlot* slots = warp_slots();
  std::memcpy(slots[lane()].bytes, part, bytes);
  slots[lane()].generation = warp_generation();
  return slots;
}

/// A tensor-core instruction is one of the whole warp.
void need_all_lanes(const Site& site) {
  if (checking() && warp_lanes() != 32)
    refuse(site, "an instruction of the whole warp by " + std::to_string(warp_lanes()) + " lanes");
}

}  // namespace

void exchange(void* value, size_t bytes, int from, unsigned mask, const Site& site) {
  const Unwatched emulator;
  const uint64_t generation = warp_generation();
  const LaneSlot* slots = give(value, bytes);
  meet_warp(site);
  if (checking()) {
    if (mask != 0xffffffffu) refuse(site, "a mask of some lanes, which is not played");
    if (from < 0 || from > 31 || slots[from].generation != generation)
      refuse(site, "a value from lane " + std::to_string(from) + ", which is not there");
  }
  std::memcpy(value, slots[from & 31].bytes, bytes);
}

int votes(bool yes, unsigned mask, const Site& site) {
  const Unwatched emulator;
  const LaneSlot* slots = give(&yes, sizeof(yes));
  meet_warp(site);
  if (checking() && mask != 0xffffffffu) refuse(site, "a mask of some lanes, which is not played");
  need_all_lanes(site);
  int sum = 0;
  for (int l = 0; l < 32; ++l) sum += slots[l].bytes[0];
  return sum;
}

void need_device_memory(const void* address) {
  const Unwatched emulator;
  if (checking() && !is_device_memory(reinterpret_cast<uintptr_t>(address)))
    report(FaultKind::outside, reinterpret_cast<uintptr_t>(__builtin_return_address(0)), 0,
           name_of_work() + ": an instruction for device memory with another address");
}

void multiply_fragments(float (&c)[4], const uint32_t (&a)[4], uint32_t b0, uint32_t b1,
                        float (*widen)(uint16_t), const Site& site) {
  const Unwatched emulator;
  struct Fragment {  // widened: A's four pairs, B's two
    float a[4][2], b[2][2];
  } mine;
  static_assert(sizeof(Fragment) <= sizeof(LaneSlot));
  const auto both = [&](uint32_t two, float(&out)[2]) {
    out[0] = widen(uint16_t(two));
    out[1] = widen(uint16_t(two >> 16));
  };
  for (int i = 0; i < 4; ++i) both(a[i], mine.a[i]);
  both(b0, mine.b[0]);
  both(b1, mine.b[1]);
  const LaneSlot* slots = give(&mine, sizeof(mine));
  meet_warp(site);
  need_all_lanes(site);
  const auto fragment = [&](int l) { return reinterpret_cast<const Fragment*>(slots[l].bytes); };
  const int g = lane() / 4, t = lane() % 4;
  for (int e = 0; e < 4; ++e) {
    const int row = g + e / 2 * 8, column = t * 2 + e % 2;
    float sum = 0;
    for (int k = 0; k < 16; k += 2) {
      const float* x = fragment(row % 8 * 4 + k % 8 / 2)->a[row / 8 + k / 8 * 2];
      const float* y = fragment(column * 4 + k % 8 / 2)->b[k / 8];
      sum += x[0] * y[0] + x[1] * y[1];
    }
    c[e] += sum;
  }
}

void load_fragments(uint32_t (&r)[4], const void* row, bool transposed, const Site& site) {
  const auto code = reinterpret_cast<uintptr_t>(__builtin_return_address(0));
  note_access(row, 16, Access::read, code);
  const Unwatched emulator;
  if (checking() && reinterpret_cast<uintptr_t>(row) % 16 != 0)
    report(FaultKind::misaligned, code, 0,
           name_of_work() + ": ldmatrix of a row that is not aligned to 16 bytes");
  const LaneSlot* slots = give(row, 16);
  meet_warp(site);
  need_all_lanes(site);
  const int g = lane() / 4, t = lane() % 4;
  for (int m = 0; m < 4; ++m) {
    uint16_t two[2];
    for (int j = 0; j < 2; ++j) {
      const int from = transposed ? t * 2 + j : g, column = transposed ? g : t * 2 + j;
      std::memcpy(&two[j], slots[m * 8 + from].bytes + column * 2, 2);
    }
    std::memcpy(&r[m], two, 4);
  }
}

unsigned long long add_atomically(unsigned long long* at, unsigned long long more) {
  note_access(at, sizeof(*at), Access::atomic, reinterpret_cast<uintptr_t>(__builtin_return_address(0)));
  const unsigned long long before = *at;
  *at += more;
  return before;
}

}  // namespace genesis::emulation
