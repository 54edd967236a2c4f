#include "trainer/metrics/run_summary.h"

#include "models/safetensors/durable_file.h"
#include "trainer/metrics/memory_json.h"

namespace genesis::trainer {

std::string to_json(const RunSummary& s) {
  nlohmann::ordered_json json = {{"steps", s.steps},
                                 {"epochs", s.epochs},
                                 {"first_step", s.first_step},
                                 {"loss", nullptr},
                                 {"eval_loss", nullptr},
                                 {"tokens", s.tokens},
                                 {"supervised_tokens", s.supervised_tokens},
                                 {"seconds", s.seconds},
                                 {"data_wait_seconds", s.data_wait_seconds},
                                 {"tokens_per_second", nullptr},
                                 {"parameters", s.parameters},
                                 {"ranks", s.ranks},
                                 {"threads", s.threads},
                                 {"device", s.device},
                                 {"precision", s.precision},
                                 {"checkpoint", s.checkpoint},
                                 {"memory", memory_json(s.memory)},
                                 {"start_peak_bytes", s.start_peak_bytes},
                                 {"logged_bytes", {{"steps", s.step_bytes}, {"evaluation", s.eval_bytes}}}};
  if (s.loss) json["loss"] = *s.loss;
  if (s.eval_loss) json["eval_loss"] = *s.eval_loss;
  if (s.seconds > 0) json["tokens_per_second"] = static_cast<double>(s.tokens) / s.seconds;
  return json.dump(2) + "\n";
}

void write_summary(const std::filesystem::path& path, const RunSummary& summary) {
  models::write_text_file(path, to_json(summary));
}

}  // namespace genesis::trainer
