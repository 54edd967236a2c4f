#pragma once
#include <memory>
#include <span>
#include <vector>

#include "kernels/core/array.h"
#include "parallel/call.h"
#include "parallel/peer_failure.h"

namespace genesis::parallel {

/// How one rank reaches the others of its group: the back end of a Communicator, which checks arguments,
/// keeps the log and orders the calls. Blocking; one call at a time.
class Transport {
 public:
  virtual ~Transport() = default;
  virtual int rank() const = 0;
  virtual int size() const = 0;
  /// "threads", "shared memory", "messages"
  virtual std::string_view name() const = 0;

  /// Carries out one call on contiguous CPU memory.
  ///   in:  reduce_scatter [size * count], all_gather [count], send [count]; otherwise unused
  ///   out: all_reduce, broadcast [count] (in place), reduce_scatter [count], all_gather [size * count], recv
  ///   [count]
  /// Errors: genesis::Error; PeerFailure when another rank ended.
  /// Determinism: sums run in rank order, so every rank gets the same bits, whatever the back end.
  virtual void run(const Call& call, const void* in, void* out) = 0;

  /// Every rank's `own`, by rank. Collective.
  virtual std::vector<Call> gather_calls(const Call& own) = 0;

  /// True when run() compares the calls of all ranks by itself.
  virtual bool checks_agreement() const { return false; }

  /// Contiguous CPU memory, zeroed, that collectives of this group reach without a copy. Collective: every
  /// rank asks for the same number of bytes.
  virtual Array shared_buffer(Shape shape, DType dtype) { return Array::zeros(std::move(shape), dtype); }

  /// This rank's place in a smaller group: `members` are the ranks of the new group, its own included, in
  /// their new order. Collective over all ranks, each with the members of its own group; the groups are
  /// disjoint. Errors: genesis::Error where the back end cannot (the default).
  virtual std::unique_ptr<Transport> split(std::span<const int> members);

  /// This rank is failing: ends every wait in this group, now and later, with PeerFailure. False where the
  /// back end cannot: the launcher then ends the other ranks.
  virtual bool abandon() { return false; }

  /// Whether run_on_card() carries a call out between cards, without a way through the host's memory.
  virtual bool moves_card_memory() { return false; }
  /// As run(), on memory of this rank's card: gives the call to the thread's current stream and returns.
  virtual void run_on_card(const Call& call, const void* in, void* out);

  /// As shared_buffer(), on this rank's card.
  virtual Array card_buffer(Shape shape, DType dtype) {
    return Array::zeros(std::move(shape), dtype, Device::cuda);
  }

  /// True for the first rank that asks (of each host, at least): the one that reports a failure.
  virtual bool claim_failure() { return true; }
};

}  // namespace genesis::parallel
