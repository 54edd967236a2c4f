#pragma once
#include "kernels/core/rng.h"

namespace genesis {

/// Seeds this thread's streams of random numbers (dropout) and restarts their count.
void manual_seed(uint64_t seed);

namespace autograd {

/// Where this thread's sequence of random streams stands. Saving and restoring it replays the same numbers.
struct RandomState {
  uint64_t seed = 0;
  uint64_t step = 0;  ///< what the caller counts, for instance the optimizer step and micro-batch
  uint64_t next = 0;  ///< operations that drew a stream since then
};
RandomState random_state();
void set_random_state(const RandomState& state);

/// A stream of its own for the next random operation of this thread.
RandomStream next_random_stream();

}  // namespace autograd
}  // namespace genesis
