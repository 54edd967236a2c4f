#pragma once
#include <cstdint>
#include <optional>
#include <string>

#include "kernels/core/memory.h"

namespace genesis::trainer {

/// One line of metrics.jsonl. Loss, norm and rate are those of step `step`; counts and seconds are sums over
/// all ranks and over the steps since the line before.
struct StepMetrics {
  int64_t step = 0;      ///< optimizer steps done
  double epoch = 0;      ///< passes over the training data
  double loss = 0;       ///< per supervised token
  double grad_norm = 0;  ///< global, before clipping
  double learning_rate = 0;
  int64_t tokens = 0;             ///< without padding
  int64_t supervised_tokens = 0;  ///< of them, with loss
  double seconds = 0;
  double data_wait_seconds = 0;  ///< of them, this rank waiting for its samples
  MemoryStats memory;            ///< bytes of this rank
  std::optional<double> eval_loss;

  double tokens_per_second() const { return seconds > 0 ? static_cast<double>(tokens) / seconds : 0; }
};

/// The metrics as one line of JSON, without the newline. A loss that is not a number is null, as JSON has no
/// NaN.
std::string to_json_line(const StepMetrics& metrics);

}  // namespace genesis::trainer
