#pragma once
#include <cstdint>
#include <functional>
#include <string>

#include "trainer/config/choices.h"
#include "trainer/control/loss_history.h"

namespace genesis::trainer {

/// Decides what becomes of a step whose numbers are bad. It sees only what all ranks agree on, so all of them
/// decide alike.
class StepGuard {
 public:
  struct Options {
    OnNonfinite on_nonfinite = OnNonfinite::stop;
    int64_t max_skipped = 10;  ///< in a row
    OnLossSpike on_spike = OnLossSpike::warn;
    double spike_factor = 10;
    static constexpr int64_t kMostRewinds = 3;  ///< without a good step between them
  };
  enum class Decision : uint8_t { update, skip, rewind };

  explicit StepGuard(const Options& options) : options_(options) {}

  /// What to do with step `step` of loss `loss`. `first_bad` names the first tensor that is not finite, and
  /// is asked only when it is told.
  /// Errors: NumericsError naming the step and that tensor when the policy is to stop, after max_skipped
  /// skipped steps in a row, and after kMostRewinds rewinds in a row.
  Decision judge(int64_t step, double loss, bool nonfinite, const std::function<std::string()>& first_bad);

  const LossHistory& history() const { return history_; }
  void set_history(LossHistory history) { history_ = std::move(history); }
  int64_t skipped_in_a_row() const { return skipped_; }

 private:
  Options options_;
  LossHistory history_;
  int64_t skipped_ = 0, rewinds_ = 0;
};

}  // namespace genesis::trainer
