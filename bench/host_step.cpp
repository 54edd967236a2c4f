// What a training micro-step costs the host of a card: forward and backward of a Qwen-1 model on the emulated
// card, whose kernels, copies and products are dropped, so that only Genesis's own work on the host is left
// (a driver's part of a launch comes on top). One JSON line. Widths do not matter to it; layers and tokens
// do.
//   bench/host_step [--layers 24] [--tokens 2048] [--documents 8]
#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "autograd/autocast.h"
#include "kernels/cuda/library_attention.h"
#include "models/qwen/model.h"
#include "tests/cuda_emulation/streams.h"

namespace {

using namespace genesis;

struct Options {
  int64_t layers = 24, tokens = 2048, documents = 8, steps = 50;
  bool mixed = false, recorded = false;
  std::string recompute = "none";
};

double now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

double median(std::vector<double> v) {
  std::sort(v.begin(), v.end());
  return v[v.size() / 2];
}

struct Cost {
  double forward = 0, backward = 0;  ///< seconds
  double launches = 0;               ///< kernels, copies, products, recordings
};

/// Medians over micro-steps of fresh batches: the first of each step writes gradients, the others add.
Cost cost_of(const Options& o, int64_t layers) {
  models::QwenConfig config;
  config.family = models::QwenFamily::qwen1;
  config.vocab_size = 512;
  config.n_layer = layers;
  config.n_embd = 128;
  config.n_head = 2;
  config.intermediate_size = 256;
  config.dropout = 0;
  config.max_seq_len = config.seq_length = 32768;
  const DeviceScope scope(Device::cuda);
  models::QwenModel model(config.resolved(), o.mixed ? DType::f32 : DType::bf16);
  if (o.recompute == "block") model.gradient_checkpointing(true);
  if (o.recorded) model.record_blocks(true);
  std::vector<double> forward, backward;
  int64_t launches = 0;
  for (int64_t step = -4; step < o.steps; ++step) {
    std::vector<std::vector<int32_t>> texts(size_t(o.documents));
    for (int64_t i = 0; i < o.tokens; ++i)
      texts[size_t(i * o.documents / o.tokens)].push_back(int32_t(i % 500));
    const auto batch = models::TokenBatch::from_texts(texts);
    const Array targets = Array::full({o.tokens}, 7, DType::i32);
    const int64_t before = emulation::dropped_work();
    const double begin = now();
    Tensor loss;
    {
      autocast cast(DType::bf16, o.mixed);
      loss = model.loss_sum(batch, targets);
    }
    const double middle = now();
    loss.backward(Array::full(loss.shape(), 1e-3, loss.dtype()));
    if (step < 0) continue;
    forward.push_back(middle - begin);
    backward.push_back(now() - middle);
    launches = emulation::dropped_work() - before;
  }
  return {median(forward), median(backward), double(launches)};
}

}  // namespace

int main(int argc, char** argv) {
  Options o;
  CLI::App app("What a training micro-step costs the host of a card");
  app.add_option("--layers", o.layers);
  app.add_option("--tokens", o.tokens);
  app.add_option("--documents", o.documents);
  app.add_option("--steps", o.steps);
  app.add_option("--recompute", o.recompute)->check(CLI::IsMember({"none", "block"}));
  app.add_flag("--recorded", o.recorded, "blocks as recordings");
  app.add_flag("--mixed", o.mixed, "bf16-mixed instead of bf16-true");
  CLI11_PARSE(app, argc, argv);

  emulation::set_hollow(true);
  kernels::cuda::set_attention_way(kernels::cuda::AttentionWay::own);  // cuDNN's part is a driver's
  const Cost all = cost_of(o, o.layers), two = cost_of(o, 2);
  const auto a_block = [&](double whole, double small) { return (whole - small) / double(o.layers - 2); };
  const nlohmann::ordered_json line = {{"figure", "host of a micro-step"},
                                       {"layers", o.layers},
                                       {"tokens", o.tokens},
                                       {"documents", o.documents},
                                       {"precision", o.mixed ? "bf16-mixed" : "bf16-true"},
                                       {"recompute", o.recompute},
                                       {"recorded", o.recorded},
                                       {"block_forward_us", a_block(all.forward, two.forward) * 1e6},
                                       {"block_backward_us", a_block(all.backward, two.backward) * 1e6},
                                       {"block_launches", a_block(all.launches, two.launches)},
                                       {"launches", all.launches},
                                       {"micro_step_us", (all.forward + all.backward) * 1e6}};
  std::printf("%s\n", line.dump().c_str());
  return 0;
}
