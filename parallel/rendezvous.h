#pragma once
#include <atomic>
#include <cstdint>

#include "parallel/peer_failure.h"

namespace genesis::parallel {

/// A meeting point of `size` ranks in memory they share: threads of one process, or processes that map one
/// segment.
///   Zeroed bytes are a valid start. Waiting spins for about a microsecond and then sleeps in the kernel,
///   so a waiting rank costs no core.
class Rendezvous {
 public:
  /// Returns once all `size` ranks have called it as often as this one. Errors: PeerFailure after abandon().
  void arrive_and_wait(int size);

  /// Ends every wait, now and later, with PeerFailure. `rank` is the one that failed; the first call counts.
  void abandon(int rank);

  /// The rank that failed, or -1.
  int failed_rank() const { return failed_.load(std::memory_order_acquire) - 1; }

 private:
  void throw_if_abandoned() const;

  alignas(64) std::atomic<uint32_t> arrived_{0};
  alignas(64) std::atomic<uint32_t> generation_{0};
  alignas(64) std::atomic<int32_t> failed_{0};  // rank + 1; 0 while all is well
};

/// Sleeps while `word` holds `value` and wakes when another thread or process of this host says so (or now
/// and then).
void sleep_while_equal(const std::atomic<uint32_t>& word, uint32_t value);
/// Wakes all who sleep on `word`.
void wake_sleepers(const std::atomic<uint32_t>& word);

}  // namespace genesis::parallel
