#pragma once
#include <random>
#include <string>
#include <vector>

#include "tests/reliability/campaign.h"
#include "tests/support/job_on_disk.h"

namespace genesis::reliability {

using testing::end_of;
using testing::JobEnd;
using testing::JobOnDisk;
using testing::MpiJob;

/// The trace two runs must share: step, loss and gradient norm, as written.
inline std::vector<std::string> trace(const trainer::TrainConfig& c) {
  std::vector<std::string> lines;
  for (const auto& m : testing::TinyRun::metrics(c))
    lines.push_back(m["step"].dump() + " " + m["loss"].dump() + " " + m["grad_norm"].dump());
  return lines;
}

}  // namespace genesis::reliability
