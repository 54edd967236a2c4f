#pragma once
#include "parallel/communicator.h"

namespace genesis::trainer {

/// What ranks must agree on between backward and update, in one all_reduce of two integers a step.
struct StepVote {
  bool nonfinite = false;  ///< this rank (afterwards: any rank) sees a NaN or Inf
  int stop_signal = 0;     ///< that came to this rank (afterwards: to any)
};

/// Every rank gets the same answer. Collective.
StepVote agree(const StepVote& own, parallel::Communicator& ranks);

}  // namespace genesis::trainer
