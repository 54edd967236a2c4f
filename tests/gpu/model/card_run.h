#pragma once
#include <string>

#include "tests/support/tiny_run.h"

namespace genesis::testing {

/// A run of `steps` steps of two rows without dropout, on a card or the CPU.
inline trainer::TrainConfig config_on(const TinyRun& tiny, trainer::DeviceChoice device,
                                      const std::string& output, int64_t steps = 4) {
  trainer::TrainConfig c = tiny.config(output);
  c.model.emb_dropout_prob = 0.0;
  c.device = device;
  c.global_batch_size = 2;
  c.max_steps = steps;
  return c;
}

}  // namespace genesis::testing
