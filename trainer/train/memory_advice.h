#pragma once
#include <string>

#include "trainer/plan/machine.h"
#include "trainer/plan/plan_input.h"

namespace genesis::trainer {

/// What `genesis plan` says of a run that a card had no room for: what it needs, and the smallest change with
/// which it fits the card, as keys for its command line.
std::string memory_advice(const PlanInput& run, const Machine& card);

/// The same for this run on the card of this process, of whose memory others may have a part.
std::string memory_advice(const TrainConfig& config, int ranks);

}  // namespace genesis::trainer
