#include "trainer/control/run_control.h"

#include <limits>

#include "trainer/control/progress.h"
#include "trainer/control/step_vote.h"

namespace genesis::trainer {

RunControl::RunControl(const TrainConfig& config, parallel::Communicator& ranks)
    : ranks_(ranks),
      guard_({.on_nonfinite = config.on_nonfinite,
              .max_skipped = config.max_skipped_steps,
              .on_spike = config.on_loss_spike,
              .spike_factor = config.loss_spike_factor}),
      replica_steps_(config.replica_check_steps),
      fault_(Fault::from_environment()) {}

void RunControl::begin_step(int64_t step) {
  step_ = step;
  rewind_ = false;
  note_step_begin(step);
  if (faulty_) fault_.reset();
  faulty_ = fault_ && fault_->step == step;
  if (!faulty_) return;
  fault_->strike(ranks_.rank(), step);
  if (fault_->action == "skip" && ranks_.rank() != fault_->rank) ranks_.barrier();  // that rank leaves it out
}

bool RunControl::allow_update(int64_t step, double loss, bool finite,
                              const std::function<std::string()>& first_bad) {
  const StepVote vote = agree({.nonfinite = !finite, .stop_signal = trainer::stop_signal()}, ranks_);
  stop_ = vote.stop_signal;
  const auto decision = guard_.judge(step, loss, vote.nonfinite, first_bad);
  rewind_ = decision == StepGuard::Decision::rewind;
  skipped_ += decision != StepGuard::Decision::update;
  return decision == StepGuard::Decision::update;
}

void RunControl::end_step(const std::function<std::vector<Replica>()>& replicas,
                          parallel::Communicator& group) {
  if (replica_steps_ > 0 && step_ % replica_steps_ == 0) check_replicas(step_, replicas(), group);
  const bool moment = faulty_ && fault_->is("flip_moment", ranks_.rank(), step_);
  if (moment || (faulty_ && fault_->is("flip", ranks_.rank(), step_))) {
    const Array hit = moment ? replicas().back().value : replicas().front().value;
    static_cast<unsigned char*>(hit.raw())[hit.nbytes() / 2] ^= 0x10;
    hit.storage().bump_version();
  }
  note_step_end();
}

double RunControl::gradient_factor() const {
  return faulty_ && fault_->is("nan", ranks_.rank(), step_) ? std::numeric_limits<double>::quiet_NaN() : 1;
}

double RunControl::loss_factor() const {
  return faulty_ && fault_->is("spike", ranks_.rank(), step_) ? 1000 : 1;
}

std::vector<Replica> replicas_of(const nn::Module& model, const optim::AdamW& optimizer) {
  std::vector<Replica> all;
  const auto named = model.named_parameters();
  for (const auto& [name, parameter] : named) all.push_back({"parameter " + name, parameter.value()});
  for (size_t i = 0; optimizer.is_whole() && i < named.size(); ++i) {
    all.push_back({"first moment of " + named[i].first, optimizer.first_moment(i)});
    all.push_back({"second moment of " + named[i].first, optimizer.second_moment(i)});
    const optim::AdamWPiece& piece = optimizer.pieces()[i];
    if (piece.is_split()) all.push_back({"remainder of " + named[i].first, piece.remainder});
    if (piece.master) all.push_back({"master of " + named[i].first, piece.weight});
  }
  return all;
}

}  // namespace genesis::trainer
