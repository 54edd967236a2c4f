#pragma once
#include <cstdint>
#include <optional>
#include <string>

#include "trainer/metrics/step_metrics.h"

namespace genesis::trainer {

/// "45s", "12m34s", "3h07m", "2d04h"
std::string duration_text(double seconds);
/// "987", "12.3k", "4.56M"
std::string count_text(double count);

/// "step 120/1000  loss 2.3456  grad 0.98  lr 1.00e-05  12.3k tok/s  ETA 12m34s", with eval_loss where there
/// is one.
std::string plain_line(const StepMetrics& metrics, int64_t total_steps, std::optional<double> seconds_left);

/// The same behind a bar, at most `width` columns. A narrow terminal loses the parts from the right, then the
/// bar, then the loss; what is left is as much as fits of "120/1000".
std::string bar_line(const StepMetrics& metrics, int64_t total_steps, std::optional<double> seconds_left,
                     int width);

}  // namespace genesis::trainer
