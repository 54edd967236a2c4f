#pragma once
#include <functional>
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

/// How a job ended that `attempt` starts, harms and watches. At the size of the bars: once. In the short
/// form, which runs on machines busy with other things, up to three times, until it is over within `bar`
/// seconds.
inline JobEnd timed_end(const Mode& mode, double bar, const std::function<JobEnd()>& attempt) {
  JobEnd e = attempt();
  for (int again = 0; again < 2 && !mode.full && e.seconds > bar; ++again) e = attempt();
  return e;
}

}  // namespace genesis::reliability
