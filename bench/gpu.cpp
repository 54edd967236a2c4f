// Everything there is to know of a GPU in one call of a few minutes: its copy bandwidth and matrix rate, then
// each kernel as a share of them, attention, the products of a model, whole training steps, and decoding. One
// JSON line a figure as it is measured, a table at the end. Where there is no GPU it says so and ends with 0.
//   bench/gpu [--minutes 8] [--only PART] [--quick]
#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <functional>
#include <nlohmann/json.hpp>

#include "autograd/nn/clip_grad_norm.h"
#include "autograd/optim/adamw.h"
#include "bench/gpu_checks.h"
#include "bench/gpu_report.h"
#include "kernels/adamw.h"
#include "kernels/attention.h"
#include "kernels/copy.h"
#include "kernels/core/cuda/runtime.h"
#include "kernels/core/run.h"
#include "kernels/core/transfer.h"
#include "kernels/cuda/library_attention.h"
#include "kernels/linear_cross_entropy.h"
#include "kernels/matmul.h"
#include "kernels/random_fill.h"
#include "kernels/rms_norm.h"
#include "kernels/rope.h"
#include "kernels/swiglu.h"
#include "models/generation/generate.h"
#include "trainer/plan/layout_search.h"
#include "trainer/train/recompute_setup.h"

namespace {

using namespace genesis;
using bench::Json;
using bench::now;
using bench::Report;
using bench::shape_of;

Array random(const Shape& shape, DType dtype, uint64_t stream, double scale = 1) {
  const Array a = Array::empty(shape, dtype, Device::cuda);
  kernels::run(kernels::RandomFill{.b = scale, .stream = {1, stream}, .y = a});
  return a;
}
Array empty(const Shape& shape, DType dtype) { return Array::empty(shape, dtype, Device::cuda); }

/// Median seconds of one call; calls are given away in groups long enough that the host's clock is fine.
double seconds_of(const std::function<void()>& fn) {
  for (int i = 0; i < 4; ++i) fn();  // loading, tuning, first allocations
  cuda::synchronize();
  double begin = now();
  fn();
  cuda::synchronize();
  const int group = std::clamp(int(0.02 / std::max(1e-6, now() - begin)), 1, 200);
  std::vector<double> times;
  for (int g = 0; g < 7; ++g) {
    begin = now();
    for (int i = 0; i < group; ++i) fn();
    cuda::synchronize();
    times.push_back((now() - begin) / group);
  }
  std::nth_element(times.begin(), times.begin() + 3, times.end());
  return times[3];
}

struct Ceilings {
  double bytes = 0, flops = 0;  // a second
};

Ceilings measure_ceilings(Report& report, bool quick) {
  const int64_t elements = quick ? 1 << 16 : int64_t{1} << 30, n = quick ? 128 : 8192;
  Ceilings c;
  {
    const Array a = random({elements}, DType::bf16, 1), b = empty({elements}, DType::bf16);
    c.bytes = 2.0 * double(a.nbytes()) / seconds_of([&] { kernels::run(kernels::Copy{.src = a, .dst = b}); });
  }
  const Array a = random({n, n}, DType::bf16, 2), b = random({n, n}, DType::bf16, 3),
              d = empty({n, n}, DType::bf16);
  c.flops = 2.0 * double(n) * double(n) * double(n) /
            seconds_of([&] { kernels::run(kernels::MatMul{.a = a, .b = b, .c = d}); });
  report.add("copy bandwidth", c.bytes / 1e12, "TB/s");
  report.add(fmt::format("bf16 product {}^3", n), c.flops / 1e12, "TFLOP/s");
  return c;
}

void measure_kernels(Report& report, const Ceilings& c, bool quick) {
  const int64_t n = quick ? 64 : 16384, h = quick ? 64 : 2048, f = quick ? 80 : 5504,
                heads = h / (quick ? 32 : 128), d = h / heads;
  const DType t = DType::bf16;
  const auto share = [&](const char* name, double bytes, double floor, double target,
                         const std::function<void()>& fn) {
    report.add(name, 100 * bytes / seconds_of(fn) / c.bytes, "% of copy", floor, target);
  };
  const double row = double(n) * double(h) * 2, wide = double(n) * double(f) * 2;
  const Array x = random({n, h}, t, 1), y = empty({n, h}, t), dy = random({n, h}, t, 2),
              dx = empty({n, h}, t), weight = random({h}, DType::f32, 3), dweight = empty({h}, DType::f32),
              rstd = empty({n}, DType::f32), up = random({n, 2 * f}, t, 4), act = empty({n, f}, t),
              dact = random({n, f}, t, 5), dup = empty({n, 2 * f}, t);
  share("RMSNorm forward", 2 * row, 75, 90,
        [&] { kernels::run(kernels::RmsNormForward{.x = x, .weight = weight, .y = y, .rstd = rstd}); });
  share("RMSNorm backward with dweight", 3 * row, 75, 80, [&] {
    kernels::run(kernels::RmsNormBackward{
        .dy = dy, .x = x, .weight = weight, .rstd = rstd, .dx = dx, .dweight = dweight});
  });
  share("SwiGLU forward", 3 * wide, 75, 92, [&] { kernels::run(kernels::SwigluForward{.x = up, .y = act}); });
  share("SwiGLU backward", 5 * wide, 75, 88,
        [&] { kernels::run(kernels::SwigluBackward{.dy = dact, .x = up, .dx = dup}); });
  kernels::RopeTable table(d, 10000);
  table.ensure(n);
  std::vector<int32_t> place(static_cast<size_t>(n));
  for (int64_t i = 0; i < n; ++i) place[size_t(i)] = int32_t(i % 2048);
  const Array positions = Array::from(place, {n}), q = x.view({n, heads, d});
  share("RoPE", 2 * row, 75, 85, [&] {
    kernels::run(
        kernels::Rope{.x = q, .positions = positions, .cos = table.cos(), .sin = table.sin(), .y = q});
  });
  const int64_t parameters = quick ? 1 << 12 : int64_t{1} << 28;
  {
    const auto f32 = [&](uint64_t stream, double scale) {
      return random({parameters}, DType::f32, stream, scale);
    };
    const kernels::AdamWTensor t{.param = random({parameters}, DType::bf16, 1),
                                 .grad = f32(2, 1),
                                 .m = f32(3, 0.01),
                                 .v = Array::zeros({parameters}, DType::f32, Device::cuda),
                                 .remainder = Array::zeros({parameters, 2}, DType::u8, Device::cuda)};
    share("AdamW, split masters", 7.0 * double(t.m.nbytes()), 75, 90,
          [&] { kernels::run(kernels::AdamW{.tensors = {t}, .lr = 1e-5}); });
  }
  for (const DType p : {DType::f32, DType::bf16}) {
    const Array w = random({parameters}, p, 1), g = random({parameters}, p, 2),
                m = random({parameters}, p, 3, 0.01), v = Array::zeros({parameters}, p, Device::cuda);
    share(p == DType::f32 ? "AdamW f32" : "AdamW bf16, stochastic rounding", 7.0 * double(w.nbytes()), 75, 90,
          [&] {
            kernels::run(kernels::AdamW{
                .tensors = {{.param = w, .grad = g, .m = m, .v = v}}, .lr = 1e-5, .rounding = {1, 1}});
          });
  }
}

void measure_attention(Report& report, bool quick) {
  const int64_t d = 128, heads = quick ? 2 : 16;
  for (const int64_t n : {quick ? int64_t{64} : int64_t{2048}, quick ? int64_t{130} : int64_t{8192}}) {
    const Array qkv = random({n, 3 * heads * d}, DType::bf16, 1), out = empty({n, heads, d}, DType::bf16),
                dout = random({n, heads, d}, DType::bf16, 2), lse = empty({heads, n}, DType::f32),
                grads = empty({n, 3 * heads * d}, DType::bf16);
    const auto part = [&](const Array& rows, int64_t i) {
      return rows.as_strided({n, heads, d}, {3 * heads * d, d, 1}, i * heads * d);
    };
    const Array cu = Array::from<int32_t>({0, int32_t(n)}, {2}), begin = Array::from<int32_t>({0}, {1}),
                length = Array::from<int32_t>({int32_t(n)}, {1});
    const double flops = 2.0 * double(n) * double(n) * double(d) * double(heads);  // causal: half of 4 n^2 d
    const double forward = seconds_of([&] {
      kernels::run(kernels::AttentionForward{.q = part(qkv, 0),
                                             .k = part(qkv, 1),
                                             .v = part(qkv, 2),
                                             .cu_q = cu,
                                             .k_begin = begin,
                                             .k_length = length,
                                             .out = out,
                                             .lse = lse});
    });
    const double backward = seconds_of([&] {
      kernels::run(kernels::AttentionBackward{.dout = dout,
                                              .q = part(qkv, 0),
                                              .k = part(qkv, 1),
                                              .v = part(qkv, 2),
                                              .out = out,
                                              .lse = lse,
                                              .cu_q = cu,
                                              .k_begin = begin,
                                              .k_length = length,
                                              .dq = part(grads, 0),
                                              .dk = part(grads, 1),
                                              .dv = part(grads, 2)});
    });
    const bool judged = n == 8192;
    report.add(fmt::format("attention forward, {} tokens, d 128", n), flops / forward / 1e12, "TFLOP/s",
               judged ? 300 : 0, judged ? 600 : 0);
    report.add(fmt::format("attention backward, {} tokens, d 128", n), 2.5 * flops / backward / 1e12,
               "TFLOP/s", judged ? 250 : 0, judged ? 500 : 0);
  }
  if (const std::string lines = kernels::cuda::attention_measurements(); !lines.empty())
    fmt::print("attention, our kernels against cuDNN:\n{}", lines);
}

void measure_products(Report& report, const Ceilings& c, bool quick) {
  const int64_t n = quick ? 32 : 8192, h = quick ? 32 : 2048, f = quick ? 40 : 5504, v = quick ? 64 : 151936;
  struct Product {
    const char* name;
    int64_t out, in;
  };
  double sum = 0;
  int count = 0;
  for (const Product& p :
       {Product{"qkv", 3 * h, h}, {"out", h, h}, {"gate_up", 2 * f, h}, {"down", h, f}, {"head", v, h}}) {
    const int64_t rows = p.out == v ? n / 4 : n;
    const Array x = random({rows, p.in}, DType::bf16, 1), w = random({p.out, p.in}, DType::bf16, 2, 0.02),
                y = random({rows, p.out}, DType::bf16, 3),
                dw = Array::zeros({p.out, p.in}, DType::f32, Device::cuda);
    const double flops = 2.0 * double(rows) * double(p.in) * double(p.out);
    const auto rate = [&](const char* what, const kernels::MatMul& op) {
      const double share = 100 * flops / seconds_of([&] { kernels::run(op); }) / c.flops;
      report.add(fmt::format("product {} {}", p.name, what), share, "% of 8192^3");
      sum += share;
      ++count;
    };
    rate("forward", {.a = x, .b = w, .c = y, .transpose_b = true});
    rate("dx", {.a = y, .b = w, .c = x});
    rate("dweight, f32 +=", {.a = y, .b = x, .c = dw, .transpose_a = true, .accumulate = true});
  }
  report.add("products of the 1.8B shape, mean", sum / count, "% of 8192^3", 80, 84);
}

double flops_per_token(const models::QwenConfig& c, int64_t length) {
  const double h = double(c.n_embd), f = double(c.intermediate_size), layers = double(c.n_layer);
  const double products = layers * (4 * h * h + 3 * h * f) + h * double(c.vocab_size);
  return 6 * products + 6 * layers * h * double(length);  // attention causal, counted half
}

void check_numbers(Report& report, bool quick) {
  models::QwenConfig wide = shape_of(quick ? "quick" : "1.8B");
  wide.n_layer = 2;
  const auto r = bench::check_model(wide, quick ? 20 : 1024);
  report.check("model in f32 as on the CPU", r.f32_error < 2e-4,
               fmt::format("worst gradient off by {:.1e}", r.f32_error));
  report.check("model in bf16 near the CPU's f32", r.bf16_error < 0.05,
               fmt::format("worst gradient off by {:.1e}", r.bf16_error));
  report.check("recomputation gives the same bits", r.recompute_same, "activation, feed_forward, block");
}

struct StepCase {
  std::string shape;
  int64_t length, rows;
  bool masters;
  double floor, target;
};

/// As little recomputed as fits the card.
trainer::PlanInput planned(const StepCase& s, const models::QwenConfig& config, int64_t length) {
  trainer::PlanInput in;
  in.model = config;
  in.precision = s.masters ? trainer::Precision::bf16_mixed : trainer::Precision::bf16_true;
  in.gradient_dtype = DType::bf16;
  in.device = Device::cuda;
  in.rows = s.rows;
  in.row_tokens = length;
  return trainer::with_least_recompute(in, trainer::card_with_memory(double(cuda::probe().memory_bytes)));
}

void measure_step(Report& report, const StepCase& s, double peak, bool quick) {
  const models::QwenConfig config = shape_of(quick ? "quick" : s.shape);
  const int64_t length = quick ? 24 : s.length;
  const DeviceScope place(Device::cuda);
  reset_peak_memory();
  models::QwenModel model(config, s.masters ? DType::f32 : DType::bf16, 1);
  const trainer::PlanInput plan = planned(s, config, length);
  model.recompute(trainer::recompute_of(plan.checkpointing), plan.recomputed_layers());
  optim::AdamW optimizer(model.parameters(), {.lr = 1e-5});
  std::vector<std::vector<int32_t>> texts(size_t(s.rows), std::vector<int32_t>(size_t(length)));
  std::vector<int32_t> targets;
  for (auto& text : texts)
    for (size_t i = 0; i < text.size(); ++i) {
      text[i] = int32_t(philox(3, 1, targets.size())[0] % 500);
      targets.push_back(int32_t(philox(3, 2, targets.size())[0] % 500));
    }
  const Array wanted = Array::from(targets, {int64_t(targets.size())});
  double loss = 0;
  const double seconds = seconds_of([&] {
    optimizer.zero_grad();
    const auto batch = models::TokenBatch::from_texts(texts);
    Tensor sum;
    {
      autocast cast(DType::bf16, s.masters);
      sum = model.loss_sum(batch, wanted);
    }
    sum.backward(Array::full(sum.shape(), 1.0 / double(wanted.numel()), sum.dtype()));
    loss = sum.item();
    const double norm = nn::utils::grad_norm(model.parameters());
    optimizer.step(nn::utils::clip_coefficient(norm, 1.0));
  });
  const double tokens = double(s.rows) * double(length) / seconds;
  const std::string name = fmt::format("{} {}x{} {}", quick ? "quick" : s.shape, s.rows, length,
                                       s.masters ? "bf16-mixed" : "bf16, 8 B/param");
  report.add(name + ": tokens/s", tokens, "tokens/s");
  report.add(name + ": MFU", 100 * tokens * flops_per_token(config, length) / peak, "%", s.floor, s.target);
  report.add(name + ": peak memory", double(memory_stats(Device::cuda).peak_total) / 1e9, "GB");
  report.add(name + ": planned memory", double(trainer::plan_memory(plan).total()) / 1e9, "GB");
  report.add(name + ": blocks with " + std::string(spelling_of(plan.checkpointing)),
             double(plan.recomputed_layers()), "");
  report.add(name + ": loss a token", loss / double(wanted.numel()), "");
}

/// Memory of the head and its loss beyond hidden states and weights: 8192 supervised tokens.
void measure_head(Report& report, bool quick) {
  const int64_t n = quick ? 70 : 8192, h = quick ? 64 : 4096, v = quick ? 515 : 151936;
  const Array x = random({n, h}, DType::bf16, 1), w = random({v, h}, DType::bf16, 2, 0.02),
              dw = Array::zeros({v, h}, DType::bf16, Device::cuda), dx = empty({n, h}, DType::bf16),
              loss = empty({}, DType::f32), lse = empty({n}, DType::f32);
  std::vector<int32_t> wanted(static_cast<size_t>(n));
  for (size_t i = 0; i < wanted.size(); ++i) wanted[i] = int32_t(philox(3, 2, i)[0] % uint32_t(v));
  const Array targets = Array::from(wanted, {n});
  reset_peak_memory();
  const int64_t before = memory_stats(Device::cuda).current_total;
  const double seconds = seconds_of([&] {
    kernels::run(kernels::LinearCrossEntropyForward{
        .x = x, .weight = w, .targets = targets, .loss_sum = loss, .lse = lse});
    kernels::run(kernels::LinearCrossEntropyBackward{.x = x,
                                                     .weight = w,
                                                     .targets = targets,
                                                     .lse = lse,
                                                     .dx = dx,
                                                     .dweight = dw,
                                                     .accumulate_dweight = true});
  });
  report.add("loss head: memory", double(memory_stats(Device::cuda).peak_total - before) / 1e9,
             "GB (at most 1.25)");
  report.add("loss head: useful rate", 6.0 * double(n) * double(h) * double(v) / seconds / 1e12, "TFLOP/s");
}

void measure_decode(Report& report, const std::string& shape, double floor, double target, bool quick) {
  const models::QwenConfig config = shape_of(quick ? "quick" : shape);
  const DeviceScope place(Device::cuda);
  models::QwenModel model(config, DType::bf16, 1);
  models::GenerationConfig greedy;
  greedy.do_sample = false;
  greedy.stop_ids = {};
  greedy.max_new_tokens = quick ? 4 : 128;
  const std::vector<std::vector<int32_t>> prompt = {{1, 2, 3, 4, 5, 6, 7, 8}};
  (void)models::generate(model, prompt, greedy);
  const double begin = now();
  (void)models::generate(model, prompt, greedy);
  report.add(fmt::format("decode {} batch 1 bf16", shape), double(greedy.max_new_tokens) / (now() - begin),
             "tokens/s", floor, target);
}

/// A part that does not fit, or fails, is a line of the report and not the end of it.
void part(Report& report, const std::string& name, const std::function<void()>& fn) {
  if (!report.wants(name)) return;
  try {
    fn();
  } catch (const std::exception& e) {
    fmt::print("{}\n", Json{{"part", name}, {"failed", e.what()}}.dump());
  }
  trim_memory_cache();
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App program{"Measures a GPU and what Genesis makes of it"};
  double minutes = 8, peak = 989.4;
  bool quick = false;
  std::string only;
  program.add_option("--minutes", minutes, "No part begins after this many");
  program.add_option("--only", only,
                     "checks, kernels, attention, products, step-1.8B-2k, step-1.8B-8k, step-7B-2k, "
                     "step-7B-8k, decode, head");
  program.add_option("--peak", peak, "Dense bf16 TFLOP/s that MFU is counted against");
  program.add_flag("--quick", quick, "Tiny sizes: whether everything runs, not how fast");
  CLI11_PARSE(program, argc, argv);
  if (!cuda::probe().usable) {
    fmt::print("no GPU: {}\n", cuda::probe().found);
    return 0;
  }
  cuda::require();
  Report report(minutes, only);
  fmt::print("{}\n", Json{{"gpu", cuda::probe().found},
                          {"memory_gb", double(cuda::probe().memory_bytes) / 1e9},
                          {"peak_tflops", peak}}
                         .dump());
  Ceilings ceilings;
  const double limit = peak * 1e12;
  try {
    ceilings = measure_ceilings(report, quick);
  } catch (const std::exception& e) {
    fmt::print(stderr, "error: {}\n", e.what());
    return 1;
  }
  part(report, "checks", [&] { check_numbers(report, quick); });
  part(report, "step-1.8B-2k", [&] { measure_step(report, {"1.8B", 2048, 4, true, 50, 56}, limit, quick); });
  part(report, "kernels", [&] { measure_kernels(report, ceilings, quick); });
  part(report, "attention", [&] { measure_attention(report, quick); });
  part(report, "products", [&] { measure_products(report, ceilings, quick); });
  part(report, "step-1.8B-8k", [&] { measure_step(report, {"1.8B", 8192, 1, true, 48, 55}, limit, quick); });
  part(report, "step-7B-2k", [&] { measure_step(report, {"7B", 2048, 1, false, 52, 60}, limit, quick); });
  part(report, "step-7B-8k", [&] { measure_step(report, {"7B", 8192, 1, false, 50, 57}, limit, quick); });
  part(report, "decode", [&] {
    measure_decode(report, "1.8B", 250, 450, quick);
    measure_decode(report, "7B", 100, 150, quick);
  });
  part(report, "head", [&] { measure_head(report, quick); });
  report.print_table();
  return report.all_passed() ? 0 : 1;
}
