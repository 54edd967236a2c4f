#pragma once
#include <cstdint>
#include <string_view>

namespace genesis::optim {

enum class LrSchedulerType { linear, cosine, constant };

constexpr std::string_view name_of(LrSchedulerType t) {
  return t == LrSchedulerType::linear ? "linear" : t == LrSchedulerType::cosine ? "cosine" : "constant";
}

/// Learning rate of optimizer step s = 0, 1, …: linear warm-up from 0, then decay from the peak.
///   s < W:   peak * s / W                       (the first update has rate 0; it still moves the moments)
///   cosine:  peak * (r + (1 - r) (1 + cos(pi (s - W) / (S - W))) / 2)
///   linear:  peak * (r + (1 - r) (S - s) / (S - W))
/// with W warmup_steps, S total_steps, r min_lr_ratio; after S the last value holds.
struct LrSchedule {
  LrSchedulerType type = LrSchedulerType::cosine;
  double peak = 1e-4;
  int64_t warmup_steps = 0;
  int64_t total_steps = 1;
  double min_lr_ratio = 0.0;

  double at(int64_t step) const;
};

}  // namespace genesis::optim
