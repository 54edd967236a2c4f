// Everything there is to know of a GPU in one call of a few minutes: its copy bandwidth and matrix rate, then
// each kernel as a share of them, attention, the products of a model, whole training steps, and decoding. One
// JSON line a figure as it is measured, a table at the end. Where there is no GPU it says so and ends with 0.
//   bench/gpu [--minutes 8] [--only PART] [--quick]
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <functional>

#include "bench/gpu/checks.h"
#include "bench/gpu/decode.h"
#include "bench/gpu/kernel_figures.h"
#include "bench/gpu/training.h"
#include "kernels/core/allocator.h"
#include "kernels/core/cuda/runtime.h"

namespace {

using namespace genesis;
using bench::Report;

void check_numbers(Report& report, bool quick) {
  models::QwenConfig wide = bench::shape_of(quick ? "quick" : "1.8B");
  wide.n_layer = 2;
  const auto r = bench::check_model(wide, quick ? 20 : 1024);
  report.check("model in f32 as on the CPU", r.f32_error < 2e-4,
               fmt::format("worst gradient off by {:.1e}", r.f32_error));
  report.check("model in bf16 near the CPU's f32", r.bf16_error < 0.05,
               fmt::format("worst gradient off by {:.1e}", r.bf16_error));
  report.check("recomputation gives the same bits", r.recompute_same, "activation, feed_forward, block");
}

/// A part that does not fit, or fails, is a line of the report and not the end of it.
void part(Report& report, const std::string& name, const std::function<void()>& fn) {
  if (!report.begins(name)) return;
  try {
    fn();
  } catch (const std::exception& e) {
    report.fail(e.what());
  }
  trim_memory_cache();
}

struct Options {
  double minutes = 8, peak = 989.4;
  bool quick = false;
  std::string only;
};

void measure_steps(Report& report, const Options& o) {
  const auto step = [&](const char* name, bench::TrainingCase of, const bench::TrainingWanted& wanted) {
    part(report, name, [&] {
      if (o.quick) {
        of.tiny = true;
        of.shape = "quick";
        of.length = 24;
        of.step_tokens = 24 * 4;
      }
      bench::measure_training(report, of, wanted, o.peak * 1e12);
    });
  };
  step("step-1.8B-2k", {.shape = "1.8B", .length = 2048}, {.mfu = {50, 56}});
  step("step-7B-2k", {.shape = "7B", .length = 2048, .masters = false}, {.mfu = {52, 60}});
  step("step-7B-8k", {.shape = "7B", .length = 8192, .masters = false}, {.mfu = {}, .free_gb = 4});
  step("step-1.8B-8k", {.shape = "1.8B", .length = 8192}, {.mfu = {48, 55}});
  step("step-1.8B-packed", {.shape = "1.8B", .length = 2048, .documents = true}, {});
  // Qwen's own recipe: one row at a time, eight of them a step. The optimizer's share is eight times as
  // large.
  step("step-1.8B-recipe", {.shape = "1.8B", .length = 2048, .step_tokens = 16384, .rows = 1}, {});
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App program{"Measures a GPU and what Genesis makes of it"};
  Options o;
  program.add_option("--minutes", o.minutes, "No part begins after this many");
  program.add_option(
      "--only", o.only,
      "checks, kernels, attention, products, step-1.8B-2k, step-1.8B-8k, step-1.8B-packed, step-1.8B-recipe, "
      "step-7B-2k, step-7B-8k, decode, head");
  program.add_option("--peak", o.peak, "Dense bf16 TFLOP/s that MFU is counted against");
  program.add_flag("--quick", o.quick, "Tiny sizes: whether everything runs, not how fast");
  CLI11_PARSE(program, argc, argv);
  if (!cuda::probe().usable) {
    fmt::print("no GPU: {}\n", cuda::probe().found);
    return 0;
  }
  cuda::require();
  Report report(o.minutes, o.only, !o.quick);
  fmt::print("{}\n", bench::Json{{"gpu", cuda::probe().found},
                                 {"memory_gb", double(cuda::probe().memory_bytes) / 1e9},
                                 {"peak_tflops", o.peak}}
                         .dump());
  bench::Ceilings ceilings;
  try {
    ceilings = bench::measure_ceilings(report, o.quick);
  } catch (const std::exception& e) {
    fmt::print(stderr, "error: {}\n", e.what());
    return 1;
  }
  part(report, "checks", [&] { check_numbers(report, o.quick); });
  part(report, "kernels", [&] { bench::measure_kernels(report, ceilings, o.quick); });
  part(report, "attention", [&] { bench::measure_attention(report, o.quick); });
  part(report, "products", [&] { bench::measure_products(report, ceilings, o.quick); });
  part(report, "head", [&] { bench::measure_head(report, o.quick); });
  part(report, "decode", [&] {
    bench::measure_decode(report, "1.8B", {250, 450}, o.quick);
    bench::measure_decode(report, "7B", {100, 150}, o.quick);
  });
  measure_steps(report, o);
  report.print_table();
  return report.all_passed() ? 0 : 1;
}
