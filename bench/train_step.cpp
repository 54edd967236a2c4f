// One training step of a Qwen-1 decoder on the CPU: forward, backward, clipping, AdamW, on one fixed random
// batch. Prints one JSON line. FLOPs are 6 x matrix weights + 12 L T H per token (attention without causal
// discount).
//   train_step --dtype bf16 --threads 4
#include <omp.h>
#include <sys/resource.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <vector>

#include "autograd/autocast.h"
#include "autograd/nn/clip_grad_norm.h"
#include "autograd/optim/adamw.h"
#include "kernels/core/profile.h"
#include "kernels/core/rng.h"
#include "kernels/linear.h"
#include "models/qwen/model.h"

namespace {

using namespace genesis;

struct Options {
  std::string dtype = "f32";
  int threads = 4, warmup = 3, steps = 10;
  int64_t vocab = 4096, layers = 8, embd = 512, heads = 8, hidden = 1408, seq = 512, batch = 4;
  bool checkpoint = false, profile = false;
};

double now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

double median(std::vector<double> v) {
  std::sort(v.begin(), v.end());
  return v.empty() ? 0.0 : v[v.size() / 2];
}

struct Matrix {
  int64_t in, out, count;
};

std::vector<Matrix> matrices(const Options& o) {
  return {{o.embd, 3 * o.embd, o.layers},
          {o.embd, o.embd, o.layers},
          {o.embd, 2 * o.hidden, o.layers},
          {o.hidden, o.embd, o.layers},
          {o.embd, o.vocab, 1}};
}

/// GFLOP/s of the step's own matrix products (y = x w^T, dx = dy w, dw = dy^T x) run back to back, nothing
/// else.
double gemm_rate(const Options& o, DType dtype) {
  const int64_t n = o.seq * o.batch;
  double flops = 0, seconds = 0;
  for (const Matrix& m : matrices(o)) {
    const Array x = Array::full({n, m.in}, 0.5, dtype), w = Array::full({m.out, m.in}, 0.25, dtype);
    const Array y = Array::full({n, m.out}, 0.125, dtype), dx = Array::empty({n, m.in}, dtype);
    const Array dw = Array::full({m.out, m.in}, 0.0, DType::f32);
    std::vector<double> times;
    for (int i = 0; i < 7; ++i) {
      const double begin = now();
      kernels::run(kernels::LinearForward{.x = x, .weight = w, .bias = {}, .y = y});
      kernels::run(
          kernels::LinearBackward{.dy = y, .x = x, .weight = w, .dx = dx, .dweight = dw, .dbias = {}});
      if (i >= 2) times.push_back(now() - begin);
    }
    flops += double(m.count) * 6.0 * double(n) * double(m.in) * double(m.out);
    seconds += double(m.count) * median(times);
  }
  return flops / seconds * 1e-9;
}

/// Random tokens, and the label of each position: the next token.
struct Data {
  Array ids, positions, cu_seqlens, targets;
};

Data make_data(const Options& o) {
  const int64_t n = o.seq * o.batch;
  Data d{Array::empty({n}, DType::i32), Array::empty({n}, DType::i32),
         Array::empty({o.batch + 1}, DType::i32), Array::empty({n}, DType::i32)};
  for (int64_t i = 0; i < n; ++i) {
    d.ids.data<int32_t>()[i] = int32_t(philox(1, 0, uint64_t(i))[0] % uint32_t(o.vocab));
    d.targets.data<int32_t>()[i] = int32_t(philox(1, 0, uint64_t(i) + 1)[0] % uint32_t(o.vocab));
    d.positions.data<int32_t>()[i] = int32_t(i % o.seq);
  }
  for (int64_t b = 0; b <= o.batch; ++b) d.cu_seqlens.data<int32_t>()[b] = int32_t(b * o.seq);
  return d;
}

struct Phases {
  double forward, backward, update;
  double total() const { return forward + backward + update; }
};

}  // namespace

int main(int argc, char** argv) {
  Options o;
  CLI::App app("One training step of a Qwen-1 decoder on the CPU");
  app.add_option("--dtype", o.dtype)->check(CLI::IsMember({"f32", "bf16"}));
  app.add_option("--threads", o.threads);
  app.add_option("--vocab", o.vocab);
  app.add_option("--layers", o.layers);
  app.add_option("--embd", o.embd);
  app.add_option("--heads", o.heads);
  app.add_option("--hidden", o.hidden);
  app.add_option("--seq", o.seq);
  app.add_option("--batch", o.batch);
  app.add_option("--warmup", o.warmup);
  app.add_option("--steps", o.steps);
  app.add_flag("--checkpoint", o.checkpoint, "recompute each block in backward");
  app.add_flag("--profile", o.profile, "print seconds by kernel to stderr");
  CLI11_PARSE(app, argc, argv);

  omp_set_num_threads(o.threads);
  const bool mixed = o.dtype == "bf16";
  const models::QwenConfig config = models::QwenConfig{.vocab_size = o.vocab,
                                                       .n_layer = o.layers,
                                                       .n_head = o.heads,
                                                       .n_embd = o.embd,
                                                       .max_seq_len = o.seq,
                                                       .dropout = 0.0,
                                                       .intermediate_size = o.hidden}
                                        .resolved();
  models::QwenModel model(config, DType::f32, 1);
  model.gradient_checkpointing(o.checkpoint);
  optim::AdamW optimizer(model.parameters(), {.lr = 3e-4, .weight_decay = 0.1, .beta1 = 0.9, .beta2 = 0.95});
  const Data data = make_data(o);
  const models::TokenBatch batch{data.ids, data.positions, data.cu_seqlens};
  const double tokens = double(o.seq * o.batch);

  std::vector<Phases> phases;
  std::vector<double> losses;
  double norm = 0;
  for (int step = 0; step < o.warmup + o.steps; ++step) {
    if (step == o.warmup && o.profile) set_profiling(true);
    const double t0 = now();
    optimizer.zero_grad();
    Tensor loss;
    {
      autocast cast(DType::bf16, mixed);
      loss = model.loss_sum(batch, data.targets);
    }
    const double t1 = now();
    loss.backward(Array::full(loss.shape(), 1.0 / tokens, loss.dtype()));
    const double t2 = now();
    norm = nn::utils::grad_norm(optimizer.parameters());
    optimizer.step(nn::utils::clip_coefficient(norm, 1.0));
    const double t3 = now();
    losses.push_back(loss.item() / tokens);
    if (step >= o.warmup) phases.push_back({t1 - t0, t2 - t1, t3 - t2});
  }
  set_profiling(false);
  const MemoryStats memory = memory_stats();
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);

  auto pick = [&](auto get) {
    std::vector<double> v;
    for (const Phases& p : phases) v.push_back(get(p));
    return median(v);
  };
  const double seconds = pick([](const Phases& p) { return p.total(); });
  double weights = 0;
  for (const Matrix& m : matrices(o)) weights += double(m.count * m.in * m.out);
  const double flops = tokens * (6.0 * weights + 12.0 * double(o.layers * o.seq * o.embd));
  const double rate = gemm_rate(o, mixed ? DType::bf16 : DType::f32);
  nlohmann::ordered_json peaks;
  for (int c = 0; c < kMemoryCategories; ++c)
    peaks[std::string(name_of(MemoryCategory(c)))] = memory.peak[size_t(c)];
  peaks["total"] = memory.peak_total;
  const nlohmann::ordered_json out{{"program", "genesis"},
                                   {"dtype", o.dtype},
                                   {"threads", o.threads},
                                   {"checkpoint", o.checkpoint},
                                   {"ms_per_step", seconds * 1e3},
                                   {"tokens_per_second", tokens / seconds},
                                   {"gflops", flops / seconds * 1e-9},
                                   {"gemm_gflops", rate},
                                   {"of_gemm_rate", flops / seconds * 1e-9 / rate},
                                   {"ms_forward", 1e3 * pick([](const Phases& p) { return p.forward; })},
                                   {"ms_backward", 1e3 * pick([](const Phases& p) { return p.backward; })},
                                   {"ms_update", 1e3 * pick([](const Phases& p) { return p.update; })},
                                   {"peak_bytes", peaks},
                                   {"peak_rss_mb", double(usage.ru_maxrss) / 1024.0},
                                   {"loss_first", losses.front()},
                                   {"loss_last", losses.back()},
                                   {"grad_norm_last", norm}};
  std::printf("%s\n", out.dump().c_str());
  if (o.profile)
    for (const ProfileEntry& e : profile_entries())
      std::fprintf(stderr, "%-34s %8lld %9.3f ms/step\n", e.name.c_str(), static_cast<long long>(e.calls),
                   1e3 * e.seconds / o.steps);
  return 0;
}
