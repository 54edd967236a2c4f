#include "bench/gpu/kernel_figures.h"

#include "bench/gpu/card_timing.h"
#include "kernels/adamw.h"
#include "kernels/attention.h"
#include "kernels/copy.h"
#include "kernels/core/run.h"
#include "kernels/core/transfer.h"
#include "kernels/cuda/library_attention.h"
#include "kernels/linear_cross_entropy.h"
#include "kernels/matmul.h"
#include "kernels/rms_norm.h"
#include "kernels/rope.h"
#include "kernels/swiglu.h"

namespace genesis::bench {

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
    report.add(name, 100 * bytes / seconds_of(fn) / c.bytes, "% of copy", {floor, target});
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
               judged ? Wanted{300, 600} : Wanted{});
    report.add(fmt::format("attention backward, {} tokens, d 128", n), 2.5 * flops / backward / 1e12,
               "TFLOP/s", judged ? Wanted{250, 500} : Wanted{});
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
  report.add("products of the 1.8B shape, mean", sum / count, "% of 8192^3", {80, 84});
}

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
  report.add_at_most("loss head: memory", double(memory_stats(Device::cuda).peak_total - before) / 1e9, "GB",
                     1.25);
  report.add("loss head: useful rate", 6.0 * double(n) * double(h) * double(v) / seconds / 1e12, "TFLOP/s");
}

}  // namespace genesis::bench
