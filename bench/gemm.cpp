// The rate of the matrix products of a training step, on that step's own matrices. One JSON line.
//   gemm --dtype bf16 --threads 4
#include <omp.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "bench/gemm_rate.h"

int main(int argc, char** argv) {
  using namespace genesis;
  bench::StepShape shape;
  std::string dtype = "f32";
  int threads = omp_get_max_threads();
  double seconds = 0.2;
  CLI::App app("GFLOP/s of a training step's matrix products");
  app.add_option("--dtype", dtype, "f32 or bf16")->check(CLI::IsMember({"f32", "bf16"}));
  app.add_option("--threads", threads);
  app.add_option("--tokens", shape.tokens);
  app.add_option("--hidden", shape.hidden);
  app.add_option("--qkv", shape.qkv, "columns of the fused q, k, v projection");
  app.add_option("--ffn", shape.ffn);
  app.add_option("--layers", shape.layers);
  app.add_option("--vocabulary", shape.vocabulary);
  app.add_option("--seconds", seconds, "for each product");
  CLI11_PARSE(app, argc, argv);

  omp_set_num_threads(threads);
  const auto rate = bench::measure_gemm_rate(shape, dtype == "bf16" ? DType::bf16 : DType::f32, seconds);
  nlohmann::ordered_json out{
      {"bench", "gemm"}, {"dtype", dtype}, {"threads", threads}, {"tokens", shape.tokens}};
  out["gflops"] = std::round(rate.gflops * 10) / 10;
  out["ms_per_step"] = std::round(rate.step_seconds * 1e4) / 10;
  for (const auto& r : rate.linears) {
    const auto gflops = [&](double s) { return std::round(r.flop(shape.tokens) / s * 1e-8) / 10; };
    out["products"].push_back({{"name", r.name},
                               {"in", r.in},
                               {"out", r.out},
                               {"times", r.times},
                               {"forward", gflops(r.forward)},
                               {"dx", gflops(r.dx)},
                               {"dweight", gflops(r.dweight)}});
  }
  std::puts(out.dump().c_str());
}
