// Seconds of steps over a network that sleeps for its bytes, against one that takes no time: what of the
// communication a step waits for. Data-parallel steps of a chain of layers that sleep, and the layers of
// tensor-parallel blocks with their products. One JSON line per mode, alternating in one run.
//   build/cpu/bench/overlap [rounds]
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <thread>

#include "kernels/fill.h"
#include "parallel/local_group.h"
#include "parallel/nn/column_linear.h"
#include "parallel/nn/row_linear.h"
#include "tests/support/forwarding_transport.h"
#include "tests/support/layer_chain.h"
#include "tests/support/random_array.h"

namespace {

using namespace genesis::parallel;
using genesis::testing::LayerChain;
using Clock = std::chrono::steady_clock;

void sleep(double seconds) { std::this_thread::sleep_for(std::chrono::duration<double>(seconds)); }

/// Every call sleeps for its bytes.
class DelayedTransport final : public genesis::testing::ForwardingTransport {
 public:
  DelayedTransport(std::unique_ptr<Transport> inner, double bytes_per_s)
      : ForwardingTransport(std::move(inner)), bytes_per_s_(bytes_per_s) {}

 protected:
  void before(const Call& call) override {
    sleep(genesis::testing::moved_bytes(call, size()) / bytes_per_s_);
  }

 private:
  double bytes_per_s_;
};

constexpr int kRanks = 2, kSteps = 3;

using Step = std::function<void()>;
/// Seconds of a step of rank 0, the first left out; `network_s`: seconds that all of a step's bytes take.
/// make(ranks) gives a rank's step, done(): what is left at the end.
struct Measured {
  double bytes;  // of a step
  std::function<Step(Communicator&)> make;
  double seconds(double network_s) const {
    double seconds = 0;
    LocalGroup::run(
        kRanks,
        [&](Communicator& ranks) {
          const Step step = make(ranks);
          step();
          ranks.barrier();
          const auto begin = Clock::now();
          for (int i = 0; i < kSteps; ++i) step();
          if (ranks.rank() == 0)
            seconds = std::chrono::duration<double>(Clock::now() - begin).count() / kSteps;
        },
        [&](std::unique_ptr<Transport> own) {
          return std::make_unique<DelayedTransport>(std::move(own), bytes / std::max(network_s, 1e-9));
        });
    return seconds;
  }
};

Measured data_parallel_steps(const LayerChain::Shape& shape) {
  return {shape.bytes(), [shape](Communicator& ranks) -> Step {
            // The last step's gathers are waited for when the chain is let go of.
            auto chain = std::shared_ptr<LayerChain>(new LayerChain(ranks, shape, sleep), [](LayerChain* c) {
              c->settle();
              delete c;
            });
            return [chain] { chain->step(); };
          }};
}

/// Column and row layers of kBlocks blocks, forward and backward.
struct Blocks {
  static constexpr int kBlocks = 6;
  static constexpr int64_t kRows = 2048, kWidth = 512, kHidden = 1408;
  std::vector<std::unique_ptr<ColumnLinear>> up;
  std::vector<std::unique_ptr<RowLinear>> down;
  genesis::Tensor x;

  explicit Blocks(const TensorParallel& tp) {
    for (int i = 0; i < kBlocks; ++i) {
      up.push_back(std::make_unique<ColumnLinear>(kWidth, std::vector<RowBlock>{{kHidden, 0}},
                                                  ColumnLinear::Options{.bias = false, .tp = tp}));
      down.push_back(std::make_unique<RowLinear>(kHidden, kWidth, false, genesis::DType::f32, tp));
      for (const genesis::Tensor& w : {up.back()->weight, down.back()->weight})
        genesis::kernels::run(genesis::kernels::Fill{.dst = w.value(), .value = 0.01});
    }
    x = genesis::Tensor(genesis::testing::random_array({kRows / (tp.splits_rows() ? tp.size() : 1), kWidth},
                                                       genesis::DType::f32, 1),
                        true);
  }
  void step() const {
    genesis::Tensor y = x;
    for (int i = 0; i < kBlocks; ++i) y = (*down[size_t(i)])((*up[size_t(i)])(y));
    y.backward(genesis::Array::full(y.shape(), 1e-3, genesis::DType::f32));
  }
  static double bytes(bool sequence) { return kBlocks * (sequence ? 5 : 2) * double(kRows * kWidth * 4); }
};

Measured tensor_parallel_steps(bool sequence, int chunks) {
  return {Blocks::bytes(sequence), [=](Communicator& ranks) -> Step {
            auto blocks = std::make_shared<Blocks>(TensorParallel{&ranks, sequence, {chunks}});
            return [blocks] { blocks->step(); };
          }};
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

/// Prints what a step waits for when its bytes take half of its computation.
void print_exposed(nlohmann::ordered_json line, const Measured& steps, double communication, int rounds) {
  std::vector<double> with, without;
  for (int i = 0; i < rounds; ++i) {
    without.push_back(steps.seconds(0));
    with.push_back(steps.seconds(communication));
  }
  line["compute_s"] = median(without);
  line["communication_s"] = communication;
  line["step_s"] = median(with);
  line["exposed_share"] = (median(with) - median(without)) / communication;
  std::printf("%s\n", line.dump().c_str());
  std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
  const int rounds = argc > 1 ? std::max(1, std::atoi(argv[1])) : 5;
  for (const bool sharded : {false, true}) {
    const LayerChain::Shape shape{.sharded = sharded};
    print_exposed({{"bench", "overlap"}, {"zero_stage", int(sharded)}}, data_parallel_steps(shape),
                  0.5 * shape.compute(), rounds);
  }
  for (const bool sequence : {false, true}) {
    const double compute = tensor_parallel_steps(sequence, 0).seconds(0);
    for (const int chunks : {0, 1, 4})
      print_exposed({{"bench", "overlap"}, {"sequence_parallel", sequence}, {"chunks", chunks}},
                    tensor_parallel_steps(sequence, chunks), 0.5 * compute, rounds);
  }
}
