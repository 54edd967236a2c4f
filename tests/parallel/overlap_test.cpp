// What of the communication a step waits for. Time is computed, not measured: each rank has a clock that its
// layers and waits move, and a network that carries its calls one after the other. So nothing depends on what
// else the machine does (bench/overlap.cpp measures the same chain over a network that sleeps).
#include <gtest/gtest.h>

#include <map>

#include "parallel/call_observer.h"
#include "parallel/local_group.h"
#include "tests/support/layer_chain.h"

namespace genesis::parallel {
namespace {

using testing::LayerChain;

/// A rank's clock and its network.
struct Timeline {
  double now = 0;                  // of the computing thread
  double network_free = 0;         // when the last call handed in will have ended
  std::map<int64_t, double> ends;  // of calls, by sequence
};
thread_local Timeline timeline;

/// A network of so many bytes a second, on the clocks.
class ClockedNetwork final : public CallObserver {
 public:
  ClockedNetwork(int ranks, double bytes_per_s) : ranks_(ranks), bytes_per_s_(bytes_per_s) {
    set_call_observer(this);
  }
  ~ClockedNetwork() override { set_call_observer(nullptr); }
  uint64_t begin(const Call&, std::string_view) noexcept override { return 0; }
  void end(uint64_t) noexcept override {}
  void queued(const Call& call, std::string_view) noexcept override {
    const bool parts =
        call.collective == Collective::reduce_scatter || call.collective == Collective::all_gather;
    const double bytes = double(call.bytes()) * (parts ? ranks_ : 1);
    Timeline& t = timeline;
    t.network_free = std::max(t.network_free, t.now) + bytes / bytes_per_s_;
    t.ends[call.sequence] = t.network_free;
  }
  void awaited(const Call& call, std::string_view) noexcept override {
    timeline.now = std::max(timeline.now, timeline.ends[call.sequence]);
  }

 private:
  int ranks_;
  double bytes_per_s_;
};

/// Seconds of a step in the steady state, over a network that needs `communication` seconds for its bytes.
double seconds_of_step(const LayerChain::Shape& shape, double communication) {
  constexpr int kRanks = 2, kSteps = 3;
  ClockedNetwork network(kRanks, shape.bytes() / communication);
  double seconds = 0;
  LocalGroup::run(kRanks, [&](Communicator& ranks) {
    timeline = {};
    LayerChain chain(ranks, shape, [](double s) { timeline.now += s; });
    chain.step();
    const double begin = timeline.now;
    for (int i = 0; i < kSteps; ++i) chain.step();  // the gathers of each run under the next
    if (ranks.rank() == 0) seconds = (timeline.now - begin) / kSteps;
    chain.settle();
  });
  return seconds;
}

/// The bar: computation plus 15 % of the communication.
void expect_hidden(bool sharded) {
  const LayerChain::Shape shape{.sharded = sharded};
  for (const double share : {0.1, 0.35, 0.6}) {
    const double communication = share * shape.compute();
    const double exposed = seconds_of_step(shape, communication) - shape.compute();
    EXPECT_LE(exposed, 0.15 * communication) << "communication " << share << " of compute";
    EXPECT_GE(exposed, 0.0);
  }
  // A network that is slower than the computation cannot be hidden: the clocks see it.
  EXPECT_GE(seconds_of_step(shape, 3 * shape.compute()), 2 * shape.compute());
}

TEST(Overlap, GradientSumsHideUnderBackward) { expect_hidden(false); }
TEST(Overlap, ScatteredSumsHideUnderBackwardAndGathersUnderForward) { expect_hidden(true); }

}  // namespace
}  // namespace genesis::parallel
