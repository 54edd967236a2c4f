#pragma once
#include <string>

#include "autograd/optim/adamw.h"
#include "models/qwen/model.h"

namespace genesis::trainer {

/// What debug=true switches on beside anomaly and profile: every kernel on a card is waited for, so that an
/// error is reported by the kernel that made it. Says so in one line.
void begin_debug(Device device);

/// Where the memory of a run is: one line a part of the model (embedding, each layer, norm, head) with its
/// parameters, gradients and moments in MB, then the bytes of each category now and at their peak.
std::string memory_report(const models::QwenModel& model, const optim::AdamW& optimizer);

}  // namespace genesis::trainer
