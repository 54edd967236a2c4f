// The rate of causal attention, forward and backward, counting only the visible half. One JSON line.
//   attention --dtype bf16 --threads 4 --sequences 4 --length 512
#include "kernels/attention.h"

#include <omp.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "bench/timing.h"
#include "kernels/contract.h"

int main(int argc, char** argv) {
  using namespace genesis;
  int64_t sequences = 4, length = 512, heads = 8, kv_heads = 8, d = 64;
  std::string name = "f32";
  int threads = omp_get_max_threads();
  double seconds = 0.5;
  CLI::App app("GFLOP/s of causal attention");
  app.add_option("--dtype", name, "f32 or bf16")->check(CLI::IsMember({"f32", "bf16"}));
  app.add_option("--threads", threads);
  app.add_option("--sequences", sequences);
  app.add_option("--length", length);
  app.add_option("--heads", heads);
  app.add_option("--kv-heads", kv_heads);
  app.add_option("--head-dim", d);
  app.add_option("--seconds", seconds, "for each direction");
  CLI11_PARSE(app, argc, argv);

  omp_set_num_threads(threads);
  const DType dtype = name == "bf16" ? DType::bf16 : DType::f32;
  const int64_t rows = sequences * length, wide = (heads + 2 * kv_heads) * d;
  const Array qkv = Array::full({rows, wide}, 0.1, dtype), dqkv = Array::empty({rows, wide}, dtype);
  const auto part = [&](const Array& fused, int64_t first, int64_t count) {
    return fused.as_strided({rows, count, d}, {wide, d, 1}, first * d);
  };
  std::vector<int32_t> cu;
  const std::vector<int32_t> lengths(static_cast<size_t>(sequences), static_cast<int32_t>(length));
  for (int64_t s = 0; s <= sequences; ++s) cu.push_back(int32_t(s * length));
  const Array cu_q = Array::from(cu, {sequences + 1}), k_length = Array::from(lengths, {sequences});
  const Array k_begin = cu_q.slice(0, 0, sequences);
  const Array out = Array::empty({rows, heads, d}, dtype), dout = Array::full({rows, heads, d}, 0.1, dtype);
  const Array lse = Array::empty({heads, rows}, DType::f32);
  const kernels::AttentionForward forward{.q = part(qkv, 0, heads),
                                          .k = part(qkv, heads, kv_heads),
                                          .v = part(qkv, heads + kv_heads, kv_heads),
                                          .cu_q = cu_q,
                                          .k_begin = k_begin,
                                          .k_length = k_length,
                                          .out = out,
                                          .lse = lse};
  const kernels::AttentionBackward backward{.dout = dout,
                                            .q = forward.q,
                                            .k = forward.k,
                                            .v = forward.v,
                                            .out = out,
                                            .lse = lse,
                                            .cu_q = cu_q,
                                            .k_begin = k_begin,
                                            .k_length = k_length,
                                            .dq = part(dqkv, 0, heads),
                                            .dk = part(dqkv, heads, kv_heads),
                                            .dv = part(dqkv, heads + kv_heads, kv_heads)};
  const double f = bench::median_seconds([&] { kernels::run(forward); }, seconds);
  const double b = bench::median_seconds([&] { kernels::run(backward); }, seconds);
  const double flop =
      2.0 * double(sequences * length) * double(length + 1) * double(heads * d);  // two products, half seen
  const auto gflops = [&](double products, double s) {
    return std::round(products / 2 * flop / s * 1e-8) / 10;
  };
  const nlohmann::ordered_json line{{"bench", "attention"},
                                    {"dtype", name},
                                    {"threads", threads},
                                    {"sequences", sequences},
                                    {"length", length},
                                    {"heads", heads},
                                    {"kv_heads", kv_heads},
                                    {"head_dim", d},
                                    {"forward_ms", f * 1e3},
                                    {"backward_ms", b * 1e3},
                                    {"forward_gflops", gflops(2, f)},
                                    {"backward_gflops", gflops(5, b)}};
  std::puts(line.dump().c_str());
}
