#include "trainer/control/call_log.h"

#include <algorithm>
#include <cstring>

namespace genesis::trainer {

uint64_t CallLog::begin(const parallel::Call& call, std::string_view group) noexcept {
  const uint64_t own = pulse_.calls.fetch_add(1, std::memory_order_acq_rel);
  CallMark& mark = pulse_.log[own % Pulse::kCalls];
  uint64_t letters = 0;
  std::memcpy(&letters, group.data(), std::min(group.size(), sizeof letters));
  mark.sequence.store(call.sequence, std::memory_order_relaxed);
  mark.count.store(call.count, std::memory_order_relaxed);
  mark.what.store(uint32_t(call.collective) | uint32_t(call.dtype) << 8 | uint32_t(call.reduce) << 16,
                  std::memory_order_relaxed);
  mark.group.store(letters, std::memory_order_relaxed);
  mark.begun_ns.store(monotonic_ns(), std::memory_order_relaxed);
  mark.state.store(1, std::memory_order_release);
  pulse_.progress.fetch_add(1, std::memory_order_relaxed);
  return own;
}

void CallLog::end(uint64_t ticket) noexcept {
  CallMark& mark = pulse_.log[ticket % Pulse::kCalls];
  mark.ended_ns.store(monotonic_ns(), std::memory_order_relaxed);
  mark.state.store(2, std::memory_order_release);
  pulse_.progress.fetch_add(1, std::memory_order_relaxed);
}

}  // namespace genesis::trainer
