// Seconds of data-parallel steps of a chain of layers over a network that sleeps for its bytes, against one
// that takes no time: what of the communication a step waits for. One JSON line per mode, alternating in one
// run.
//   build/cpu/bench/overlap [rounds]
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <thread>

#include "parallel/local_group.h"
#include "tests/support/layer_chain.h"

namespace {

using namespace genesis::parallel;
using genesis::testing::LayerChain;
using Clock = std::chrono::steady_clock;

void sleep(double seconds) { std::this_thread::sleep_for(std::chrono::duration<double>(seconds)); }

/// Every call sleeps for its bytes.
class DelayedTransport final : public Transport {
 public:
  DelayedTransport(std::unique_ptr<Transport> inner, double bytes_per_s)
      : inner_(std::move(inner)), bytes_per_s_(bytes_per_s) {}
  int rank() const override { return inner_->rank(); }
  int size() const override { return inner_->size(); }
  std::string_view name() const override { return inner_->name(); }
  bool checks_agreement() const override { return inner_->checks_agreement(); }
  std::vector<Call> gather_calls(const Call& own) override { return inner_->gather_calls(own); }
  void run(const Call& call, const void* in, void* out) override {
    const bool parts =
        call.collective == Collective::reduce_scatter || call.collective == Collective::all_gather;
    sleep(double(call.bytes()) * (parts ? size() : 1) / bytes_per_s_);
    inner_->run(call, in, out);
  }

 private:
  std::unique_ptr<Transport> inner_;
  double bytes_per_s_;
};

double seconds_of_step(const LayerChain::Shape& shape, double communication) {
  constexpr int kSteps = 3;
  double seconds = 0;
  LocalGroup::run(
      2,
      [&](Communicator& ranks) {
        LayerChain chain(ranks, shape, sleep);
        chain.step();
        const auto begin = Clock::now();
        for (int i = 0; i < kSteps; ++i) chain.step();
        if (ranks.rank() == 0) seconds = std::chrono::duration<double>(Clock::now() - begin).count() / kSteps;
        chain.settle();
        ranks.barrier();
      },
      [&](std::unique_ptr<Transport> own) {
        return std::make_unique<DelayedTransport>(std::move(own),
                                                  shape.bytes() / std::max(communication, 1e-9));
      });
  return seconds;
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

}  // namespace

int main(int argc, char** argv) {
  const int rounds = argc > 1 ? std::max(1, std::atoi(argv[1])) : 5;
  for (const bool sharded : {false, true}) {
    const LayerChain::Shape shape{.sharded = sharded};
    const double communication = 0.5 * shape.compute();
    std::vector<double> with, without;
    for (int i = 0; i < rounds; ++i) {
      without.push_back(seconds_of_step(shape, 0));
      with.push_back(seconds_of_step(shape, communication));
    }
    const double exposed = median(with) - median(without);
    nlohmann::ordered_json line;
    line["bench"] = "overlap";
    line["zero_stage"] = int(sharded);
    line["compute_s"] = median(without);
    line["communication_s"] = communication;
    line["step_s"] = median(with);
    line["exposed_share"] = exposed / communication;
    std::printf("%s\n", line.dump().c_str());
  }
}
