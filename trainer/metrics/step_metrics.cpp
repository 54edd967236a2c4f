#include "trainer/metrics/step_metrics.h"

#include "trainer/metrics/memory_json.h"

namespace genesis::trainer {

std::string to_json_line(const StepMetrics& m) {
  nlohmann::ordered_json line = {{"step", m.step},
                                 {"epoch", m.epoch},
                                 {"loss", m.loss},
                                 {"grad_norm", m.grad_norm},
                                 {"learning_rate", m.learning_rate},
                                 {"tokens", m.tokens},
                                 {"supervised_tokens", m.supervised_tokens},
                                 {"tokens_per_second", m.tokens_per_second()},
                                 {"seconds", m.seconds},
                                 {"data_wait_seconds", m.data_wait_seconds},
                                 {"memory", memory_json(m.memory)}};
  if (m.eval_loss) line["eval_loss"] = *m.eval_loss;
  return line.dump();
}

}  // namespace genesis::trainer
