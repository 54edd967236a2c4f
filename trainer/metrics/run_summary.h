#pragma once
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "kernels/core/memory.h"
#include "trainer/metrics/counted_traffic.h"

namespace genesis::trainer {

/// What a finished run came to: summary.json. Counts and seconds are of this process's life, so a resumed run
/// says what it did itself; `steps` and `epochs` are the whole run's.
struct RunSummary {
  int64_t steps = 0;
  double epochs = 0;
  int64_t first_step = 0;           ///< the step it resumed from; 0: from the start
  std::optional<double> loss;       ///< of the last step
  std::optional<double> eval_loss;  ///< of the last evaluation
  int64_t tokens = 0;
  int64_t supervised_tokens = 0;
  double seconds = 0;            ///< of training steps
  double data_wait_seconds = 0;  ///< of them, this rank waiting for its samples
  int64_t parameters = 0;
  int ranks = 1;
  int threads = 1;  ///< of a rank
  std::string device;
  std::string precision;
  std::string checkpoint;        ///< the folder saved last
  int stop_signal = 0;           ///< the signal that ended it early; not written
  MemoryStats memory;            ///< of rank 0, since its first step began
  int64_t start_peak_bytes = 0;  ///< of rank 0, before: reading weights, laying out what ranks share
  GroupBytes step_bytes;         ///< rank 0 logged in training steps; what `genesis plan` predicts
  GroupBytes eval_bytes;         ///< the same in evaluations
};

std::string to_json(const RunSummary& summary);

/// Writes it at once or not at all. Errors: DiskError naming the path.
void write_summary(const std::filesystem::path& path, const RunSummary& summary);

}  // namespace genesis::trainer
