#pragma once
#include <fstream>
#include <string>
#include <vector>

#include "tests/support/mpi_job.h"
#include "tests/support/tiny_run.h"
#include "trainer/config/print.h"

namespace genesis::testing {

/// A tiny run whose config is a file, so that mpirun can start the program with it.
class JobOnDisk {
 public:
  /// A run that does not end by itself, with a limit of `hang` seconds.
  trainer::TrainConfig endless(const std::string& output, double hang = 2) const {
    trainer::TrainConfig c = run_.config(output);
    c.max_steps = 1'000'000;
    c.global_batch_size = 12;  // 2 ranks or 3
    c.hang_timeout_seconds = hang;
    return c;
  }
  std::string write(const trainer::TrainConfig& c, const std::string& name) const {
    return run_.folder().write(name, trainer::write_resolved(c)).string();
  }
  std::vector<std::string> words(int ranks, const std::string& config) const {
    return {"-n", std::to_string(ranks), GENESIS_PROGRAM, "train", config};
  }
  /// Steps that metrics.jsonl knows of.
  static int64_t steps_done(const trainer::TrainConfig& c) { return int64_t(TinyRun::metrics(c).size()); }

  const TinyRun& run() const { return run_; }

 private:
  TinyRun run_;
};

}  // namespace genesis::testing
