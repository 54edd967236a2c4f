#pragma once
#include <cstdint>
#include <filesystem>
#include <string>

#include "trainer/metrics/step_metrics.h"

namespace genesis::trainer {

/// metrics.jsonl: one line a logged step, each written by one call, so that a killed run leaves whole lines.
///   Continuing from step s keeps the lines of steps <= s and drops the rest (those steps run again), a torn
///   last line and lines that are not metrics. From step 0 the file begins anew; one that is there is kept as
///   metrics.previous.jsonl.
/// One process writes it: rank 0. Move-only.
/// Errors: DiskError naming the path and the system's reason.
class MetricsFile {
 public:
  MetricsFile(const std::filesystem::path& path, int64_t resumed_step);
  ~MetricsFile();
  MetricsFile(MetricsFile&& other) noexcept;
  MetricsFile& operator=(MetricsFile&&) = delete;

  void append(const StepMetrics& metrics);

 private:
  void append_line(const std::string& line);

  std::filesystem::path path_;
  int fd_ = -1;
};

}  // namespace genesis::trainer
