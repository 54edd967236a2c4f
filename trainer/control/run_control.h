#pragma once
#include <functional>
#include <optional>
#include <string>

#include "autograd/nn/module.h"
#include "autograd/optim/adamw.h"
#include "trainer/config/train_config.h"
#include "trainer/control/fault_injection.h"
#include "trainer/control/replica_check.h"
#include "trainer/control/step_guard.h"
#include "trainer/control/stop_signal.h"

namespace genesis::trainer {

/// What a training loop asks about going on: the decisions all ranks make together, once a step.
///   On from construction: SIGUSR1 and SIGTERM ask for a stop at the end of a step, until this object ends.
class RunControl {
 public:
  RunControl(const TrainConfig& config, parallel::Communicator& ranks);

  /// At the begin of step `step`.
  void begin_step(int64_t step);
  /// Between backward and update, or, where a card decided for itself, when its numbers were read: whether
  /// step `step` may update the parameters. Collective.
  /// `loss` is the step's, the same on every rank; `finite` is what this rank sees of loss and gradients.
  /// Errors: NumericsError as StepGuard::judge.
  bool allow_update(int64_t step, double loss, bool finite, const std::function<std::string()>& first_bad);
  /// After the update: compares replicas over `group`, whose ranks hold the same, when due. Collective.
  void end_step(const std::function<std::vector<Replica>()>& replicas, parallel::Communicator& group);

  /// The last step asks for going back to the last checkpoint.
  bool rewind_due() const { return rewind_; }
  /// The signal all ranks agreed to stop for after this step, or 0.
  int stop_signal() const { return stop_; }
  /// Updates left out since this process started.
  int64_t skipped() const { return skipped_; }

  StepGuard& guard() { return guard_; }
  /// What the gradients and the loss of this step are multiplied by: not 1 when a test asks for a fault.
  double gradient_factor() const;
  double loss_factor() const;

 private:
  parallel::Communicator& ranks_;
  StepGuard guard_;
  int64_t replica_steps_;
  StopSignals signals_;
  std::optional<Fault> fault_;  // strikes once
  bool faulty_ = false;         // it strikes in this step
  int64_t step_ = 0, skipped_ = 0;
  int stop_ = 0;
  bool rewind_ = false;
};

/// Parameters, and the moments where this rank holds all of them.
std::vector<Replica> replicas_of(const nn::Module& model, const optim::AdamW& optimizer);

}  // namespace genesis::trainer
