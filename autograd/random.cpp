#include "autograd/random.h"

namespace genesis {
namespace {

thread_local autograd::RandomState state;

}  // namespace

void manual_seed(uint64_t seed) { state = {seed, 0, 0}; }

namespace autograd {

RandomState random_state() { return state; }
void set_random_state(const RandomState& s) { state = s; }
RandomStream next_random_stream() { return {state.seed, stream_of({state.step, state.next++})}; }

}  // namespace autograd
}  // namespace genesis
