#pragma once
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "kernels/core/dtype.h"

namespace genesis::trainer {

struct BenchmarkOptions {
  std::vector<std::filesystem::path>
      models;                  ///< model folders; or config.json or a model YAML: random weights then
  std::optional<DType> dtype;  ///< absent: as the weights are stored, f32 for random ones
  int64_t prompt_tokens = 512;
  int64_t new_tokens = 64;
  int64_t batch = 1;
  int repeats = 3;
};

/// What was measured of one model. Rates are medians of the repeats.
struct BenchmarkResult {
  std::string model, family, dtype;
  int64_t parameters = 0;
  double load_seconds = 0;
  double prefill_tokens_per_s = 0;  ///< all texts of the batch together
  double decode_tokens_per_s = 0;
  int64_t weight_bytes_per_token =
      0;  ///< read by one decode step: every matrix but the rows of the embedding that are not looked up
  double read_gb_per_s = 0;       ///< memory bandwidth measured beside it: the same threads, reading alone
  double share_of_bandwidth = 0;  ///< decode steps/s x weight_bytes_per_token / bandwidth
  int64_t peak_bytes = 0;         ///< resident memory of the process at its peak while this model was held
};

/// Measures models one after another, in alternation with the memory bandwidth.
/// Errors: as open_model; ConfigError when prompt and continuation do not fit a context.
std::vector<BenchmarkResult> benchmark_models(const BenchmarkOptions& options);

/// Bytes a second that all threads read together from `bytes` of memory, in GB/s: the best of `repeats`
/// passes.
double measured_read_bandwidth(int64_t bytes, int repeats);

std::string benchmark_table(const std::vector<BenchmarkResult>& results);
std::string benchmark_json(const std::vector<BenchmarkResult>& results);

}  // namespace genesis::trainer
