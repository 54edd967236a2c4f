#pragma once
#include <string>
#include <vector>

#include "bench/timing.h"
#include "kernels/linear.h"

namespace genesis::bench {

/// The matrices of a decoder's training step.
struct StepShape {
  int64_t tokens = 2048, hidden = 512, ffn = 1408, layers = 8, vocabulary = 4096;
  int64_t qkv = 1536;  ///< columns of the fused q, k, v projection
};

struct LinearRate {
  std::string name;
  int64_t in, out, times;       ///< `times` such layers in the step
  double forward, dx, dweight;  ///< seconds of one call
  double flop(int64_t tokens) const { return 2.0 * double(tokens) * double(in) * double(out); }
};

struct GemmRate {
  std::vector<LinearRate> linears;
  double step_seconds = 0;  ///< all products of one step
  double gflops = 0;        ///< their rate: what other figures are shares of
};

/// Times the forward, dx and dweight products (f32 gradient, accumulating) of every linear layer of the step.
inline GemmRate measure_gemm_rate(const StepShape& s, DType dtype, double seconds_each) {
  GemmRate rate;
  double flop = 0;
  const auto add = [&](const char* name, int64_t in, int64_t out, int64_t times) {
    LinearRate r{name, in, out, times, 0, 0, 0};
    const Array x = Array::full({s.tokens, in}, 0.5, dtype), w = Array::full({out, in}, 0.25, dtype);
    const Array y = Array::full({s.tokens, out}, 0.5, dtype), dx = Array::empty({s.tokens, in}, dtype);
    const Array dw = Array::zeros({out, in}, DType::f32);
    r.forward = median_seconds([&] { kernels::run(kernels::LinearForward{.x = x, .weight = w, .y = y}); },
                               seconds_each);
    r.dx = median_seconds([&] { kernels::run(kernels::LinearBackward{.dy = y, .weight = w, .dx = dx}); },
                          seconds_each);
    r.dweight = median_seconds(
        [&] {
          kernels::run(kernels::LinearBackward{.dy = y, .x = x, .dweight = dw, .accumulate_dweight = true});
        },
        seconds_each);
    rate.step_seconds += double(times) * (r.forward + r.dx + r.dweight);
    flop += double(times) * 3 * r.flop(s.tokens);
    rate.linears.push_back(r);
  };
  add("qkv", s.hidden, s.qkv, s.layers);
  add("attention_out", s.hidden, s.hidden, s.layers);
  add("gate_up", s.hidden, 2 * s.ffn, s.layers);
  add("down", s.ffn, s.hidden, s.layers);
  add("head", s.hidden, s.vocabulary, 1);
  rate.gflops = flop / rate.step_seconds * 1e-9;
  return rate;
}

}  // namespace genesis::bench
