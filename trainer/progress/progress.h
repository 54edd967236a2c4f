#pragma once
#include <cstdint>
#include <cstdio>
#include <optional>
#include <string>
#include <string_view>

#include "trainer/metrics/step_metrics.h"

namespace genesis::trainer {

/// Where and how progress is shown.
struct ProgressOutput {
  std::FILE* stream = stderr;
  bool shown = true;      ///< false on every rank but 0
  bool terminal = false;  ///< a bar that is drawn over itself; otherwise one line a call

  /// stderr, shown on rank 0 (log_rank() <= 0), a bar where stderr is a terminal.
  static ProgressOutput automatic();
};

/// A bar on a terminal, plain lines elsewhere; nothing on ranks other than 0. One thread.
class Progress {
 public:
  /// Steps first_step + 1 … total_steps are to come.
  Progress(ProgressOutput output, int64_t total_steps, int64_t first_step = 0);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  /// Shows a logged step. On a terminal an evaluation also stays behind as a line.
  void update(const StepMetrics& metrics);
  /// A line that stays, above the bar.
  void line(std::string_view text);
  /// Leaves the bar as it is and ends its line. The destructor does it too.
  void finish();

 private:
  std::optional<double> seconds_left(const StepMetrics& metrics) const;
  void erase_bar();
  void write(const std::string& text);

  ProgressOutput output_;
  int64_t total_steps_;
  int64_t first_step_;
  int64_t timed_steps_ = 0;  // those after the first update, which also pays for warming up
  double timed_seconds_ = 0;
  int64_t last_step_;
  bool bar_is_drawn_ = false;
};

}  // namespace genesis::trainer
