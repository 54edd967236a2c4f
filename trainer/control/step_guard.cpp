#include "trainer/control/step_guard.h"

#include "kernels/core/error.h"
#include "kernels/core/log.h"

namespace genesis::trainer {

StepGuard::Decision StepGuard::judge(int64_t step, double loss, bool nonfinite,
                                     const std::function<std::string()>& first_bad) {
  if (nonfinite) {
    if (options_.on_nonfinite == OnNonfinite::stop)
      throw NumericsError("step {}: loss {}, {}; nothing was updated (anomaly=true names the operation)",
                          step, loss, first_bad());
    if (++skipped_ > options_.max_skipped)
      throw NumericsError(
          "step {}: loss {}, {}; {} updates in a row were left out, which is max_skipped_steps", step, loss,
          first_bad(), options_.max_skipped);
    warn("step {}: loss {}, {}; this update is left out ({} in a row)", step, loss, first_bad(), skipped_);
    return Decision::skip;
  }
  const bool spike = history_.is_spike(loss, options_.spike_factor);
  if (spike) {
    warn("step {}: loss {:.6g} is {:.1f} times the recent median {:.6g}", step, loss,
         loss / history_.median(), history_.median());
    if (options_.on_spike == OnLossSpike::rewind) {
      if (++rewinds_ > Options::kMostRewinds)
        throw NumericsError("step {}: the loss spikes again after {} rewinds in a row", step,
                            Options::kMostRewinds);
      return Decision::rewind;
    }
    if (options_.on_spike == OnLossSpike::skip) {
      if (++skipped_ > options_.max_skipped)
        throw NumericsError("step {}: loss {:.6g} spikes; {} updates in a row were left out", step, loss,
                            options_.max_skipped);
      return Decision::skip;
    }
  }
  history_.add(loss);
  skipped_ = rewinds_ = 0;
  return Decision::update;
}

}  // namespace genesis::trainer
