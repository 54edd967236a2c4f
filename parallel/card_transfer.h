#pragma once
#include <memory>

#include "kernels/core/array.h"
#include "parallel/transport.h"

namespace genesis::parallel {

/// One call of a communicator on arrays of a card. Made on the thread that makes the call, so that what the
/// card is to wait for is known; carried out on the communication thread.
class CardCall {
 public:
  CardCall();  ///< marks the place in the calling thread's stream that the call begins after
  ~CardCall();
  CardCall(const CardCall&) = delete;
  CardCall& operator=(const CardCall&) = delete;

  /// Runs `call` on `in` and `out` (either may be undefined) through `transport`.
  ///   A transport that moves card memory is handed the addresses and a stream of its own; any other is
  ///   handed pinned copies: card -> pinned -> ranks -> pinned -> card. Returns when the result is on its way
  ///   into `out`.
  void run(Transport& transport, const Call& call, const Array& in, const Array& out, bool reads_input);
  /// Work that the calling thread gives its stream from now on runs after the call.
  void join() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace genesis::parallel
