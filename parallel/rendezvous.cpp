#include "parallel/rendezvous.h"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <climits>

#include "kernels/core/check.h"

namespace genesis::parallel {
namespace {

constexpr int kSpins = 200;  // about a microsecond: longer would take the core from a computing thread

void pause_core() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#endif
}

static_assert(std::atomic<uint32_t>::is_always_lock_free && sizeof(std::atomic<uint32_t>) == 4);

}  // namespace

void sleep_while_equal(const std::atomic<uint32_t>& word, uint32_t value) {
  const timespec limit{0, 100'000'000};  // a lost wake-up costs a tenth of a second, not the job
  syscall(SYS_futex, reinterpret_cast<const uint32_t*>(&word), FUTEX_WAIT, value, &limit, nullptr, 0);
}

void wake_sleepers(const std::atomic<uint32_t>& word) {
  syscall(SYS_futex, reinterpret_cast<const uint32_t*>(&word), FUTEX_WAKE, INT_MAX, nullptr, nullptr, 0);
}

void Rendezvous::throw_if_abandoned() const {
  const int failed = failed_rank();
  if (failed >= 0) throw PeerFailure(fmt::format("rank {} ended before a collective was complete", failed));
}

void Rendezvous::arrive_and_wait(int size) {
  throw_if_abandoned();
  const uint32_t generation = generation_.load(std::memory_order_acquire);
  if (arrived_.fetch_add(1, std::memory_order_acq_rel) + 1 == uint32_t(size)) {
    arrived_.store(0, std::memory_order_relaxed);
    generation_.store(generation + 1, std::memory_order_release);
    wake_sleepers(generation_);
    return;
  }
  for (int i = 0; i < kSpins; ++i) {
    if (generation_.load(std::memory_order_acquire) != generation) return;
    pause_core();
  }
  while (generation_.load(std::memory_order_acquire) == generation) {
    throw_if_abandoned();
    sleep_while_equal(generation_, generation);
  }
}

void Rendezvous::abandon(int rank) {
  int32_t none = 0;
  failed_.compare_exchange_strong(none, rank + 1, std::memory_order_acq_rel);
  wake_sleepers(generation_);
}

}  // namespace genesis::parallel
