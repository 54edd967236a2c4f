#pragma once
#include <chrono>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "tests/reliability/campaign.h"
#include "tests/support/job_on_disk.h"

namespace genesis::reliability {

using testing::JobOnDisk;
using testing::MpiJob;

/// How a job ended that a test has harmed.
struct JobEnd {
  int code = -1;       ///< mpirun's exit code; -1: it was still there
  double seconds = 0;  ///< from the harm to the end
  int left = 0;        ///< processes of ranks that are still there
  std::string output;

  bool says(const std::string& part) const { return output.find(part) != std::string::npos; }
};

/// Waits for the end of a job, at most `limit` seconds.
inline JobEnd end_of(MpiJob& job, double limit) {
  const auto ranks = job.ranks();
  const auto begin = std::chrono::steady_clock::now();
  JobEnd e;
  e.code = job.wait(limit);
  e.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  e.output = job.output();
  // mpirun returns when it has sent the signals; the kernel takes a moment to end a busy process.
  for (int attempt = 0; attempt < 20; ++attempt) {
    e.left = 0;
    for (const auto& [rank, process] : ranks) e.left += testing::process_is_there(process);
    if (e.left == 0) break;
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
  return e;
}

/// The trace two runs must share: step, loss and gradient norm, as written.
inline std::vector<std::string> trace(const trainer::TrainConfig& c) {
  std::vector<std::string> lines;
  for (const auto& m : testing::TinyRun::metrics(c))
    lines.push_back(m["step"].dump() + " " + m["loss"].dump() + " " + m["grad_norm"].dump());
  return lines;
}

}  // namespace genesis::reliability
