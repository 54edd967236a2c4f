// What of the communication a step waits for. Time is computed, not measured: each rank has a clock that its
// layers and waits move, and a network that carries its calls one after the other. So nothing depends on what
// else the machine does (bench/overlap.cpp measures the same chain over a network that sleeps).
#include <gtest/gtest.h>

#include <map>

#include "parallel/call_observer.h"
#include "parallel/local_group.h"
#include "parallel/ops/row_exchange.h"
#include "tests/support/forwarding_transport.h"
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
    Timeline& t = timeline;
    t.network_free = std::max(t.network_free, t.now) + testing::moved_bytes(call, ranks_) / bytes_per_s_;
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

constexpr int64_t kRows = 64, kWidth = 32;

/// Seconds of a column and a row layer, forward and backward, whose products take a second each and whose
/// exchanges so many: as parallel/ops/column_linear.cpp and row_linear.cpp make them.
double seconds_of_layers(const RowOverlap& overlap, bool sequence, double exchange) {
  constexpr int kRanks = 2;
  ClockedNetwork network(kRanks, double(kRows * kWidth) * 4 / exchange);
  double seconds = 0;
  LocalGroup::run(kRanks, [&](Communicator& ranks) {
    timeline = {};
    const TensorParallel tp{&ranks, sequence, overlap};
    const Array all = Array::zeros({kRows, kWidth}, DType::f32),
                own = Array::zeros({kRows / (sequence ? kRanks : 1), kWidth}, DType::f32);
    const auto product_of = [](const Range& rows) { timeline.now += double(rows.size()) / kRows; };
    const auto product_with = [&](const Range& rows, const Array&) { product_of(rows); };
    gather_rows(own, tp, product_with);  // y = x W^T of the column layer
    sum_rows(all, tp, product_of);       // of the row layer
    gather_rows(own, tp, product_with);  // dx of the row layer,
    product_of({0, kRows});              // its dW
    const Arriving x = start_gathering_rows(own, tp);
    const Arriving dx = start_summing_rows(all, tp, product_of);
    x.wait();
    product_of({0, kRows});  // dW of the column layer
    dx.wait();
    if (ranks.rank() == 0) seconds = timeline.now;
  });
  return seconds;
}

TEST(Overlap, ExchangesOfRowsHideUnderProductsByChunks) {
  constexpr double kProducts = 6;
  for (const bool sequence : {false, true})
    for (const double exchange : {0.1, 0.5, 0.9}) {
      // A gather of the column layer's input and a sum of the row layer's output; in backward a gather of
      // that output's gradient, another of the input, the sum of its gradient. Without sequence parallelism
      // sums alone.
      const double all = sequence ? 5 : 2, not_under_weights = sequence ? 3 : 1;
      const auto exposed = [&](int chunks) {
        return (seconds_of_layers({chunks}, sequence, exchange) - kProducts) / (all * exchange);
      };
      EXPECT_NEAR(exposed(0), 1, 1e-9);
      EXPECT_NEAR(exposed(1), not_under_weights / all, 1e-9) << exchange;
      EXPECT_NEAR(exposed(4), not_under_weights / all / 4, 1e-9) << exchange;  // one chunk of each
      EXPECT_LE(exposed(4), 0.15 + 1e-9);
    }
  // Of exchanges that take longer than the products, no more is hidden than there is work to hide them under.
  EXPECT_GE(seconds_of_layers({4}, true, 3), 5 * 3);
}

TEST(Overlap, GradientSumsHideUnderBackward) { expect_hidden(false); }
TEST(Overlap, ScatteredSumsHideUnderBackwardAndGathersUnderForward) { expect_hidden(true); }

}  // namespace
}  // namespace genesis::parallel
