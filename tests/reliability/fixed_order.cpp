// deterministic: full. The same samples give the same bytes on 1, 2 and 4 ranks and for any split into
// micro-batches, and a run that moves between numbers of ranks is the run that stayed.
#include <filesystem>
#include <fstream>
#include <iterator>

#include "tests/reliability/process_trouble.h"

namespace genesis::reliability {
namespace {

struct Split {
  int ranks;
  int64_t micro_batch, accumulation, zero_stage;
};
constexpr Split kSplits[] = {{1, 8, 1, 0}, {1, 1, 8, 0}, {2, 2, 2, 0},
                             {2, 4, 1, 1}, {4, 2, 1, 0}, {4, 1, 2, 1}};

trainer::TrainConfig config_of(const testing::TinyRun& run, const std::string& output, const Split& s,
                               trainer::Precision precision, int64_t steps) {
  auto c = run.config(output);
  c.deterministic = trainer::Deterministic::full;
  c.global_batch_size.reset();
  c.per_device_train_batch_size = s.micro_batch;
  c.gradient_accumulation_steps = s.accumulation;
  c.zero_stage = s.zero_stage;
  c.precision = precision;
  c.lr_scheduler_type = trainer::LrSchedulerType::constant;  // a run's length must not matter
  c.max_steps = steps;
  return c;
}

std::string weights_of(const trainer::TrainConfig& c) {
  std::ifstream in(
      std::filesystem::path(c.output_dir) / fmt::format("checkpoint-{}", c.max_steps) / "model.safetensors",
      std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace

Outcome run_ORDER(const Mode& mode) {
  Cases cases;
  const testing::TinyRun run;
  const int64_t part = mode.full ? 10 : 4, steps = 4 * part;
  for (const auto& [name, precision] : {std::pair{"fp32", trainer::Precision::fp32},
                                        {"bf16-mixed", trainer::Precision::bf16_mixed},
                                        {"bf16-true", trainer::Precision::bf16_true}}) {
    std::vector<std::string> wanted;
    std::string weights;
    for (size_t i = 0; i < std::size(kSplits); ++i) {
      const auto c = config_of(run, fmt::format("{}-{}", name, i), kSplits[i], precision, steps);
      run.train(c, kSplits[i].ranks);
      if (i == 0) wanted = trace(c), weights = weights_of(c);
      const std::string what = fmt::format("{}, {} ranks, split {}", name, kSplits[i].ranks, i);
      cases.expect(wanted.size() == size_t(steps) && trace(c) == wanted, what + ": losses or norms differ");
      cases.expect(!weights.empty() && weights_of(c) == weights, what + ": weights differ");
    }
    trainer::TrainConfig moving;
    for (int64_t i = 0; const size_t split : {4, 1, 3, 5}) {  // 4 ranks, 1, 2, 4
      moving = config_of(run, fmt::format("{}-moving", name), kSplits[split], precision, ++i * part);
      run.train(moving, kSplits[split].ranks);
    }
    cases.expect(trace(moving) == wanted && weights_of(moving) == weights,
                 fmt::format("{}: moved from 4 ranks to 1, 2 and 4, it differs", name));
  }
  return {cases.good(),
          fmt::format(
              "{} comparisons of {} steps in fp32, bf16-mixed and bf16-true on 1, 2 and 4 ranks and moving "
              "between them: byte-equal{}",
              cases.count(), steps, cases.failures())};
}

}  // namespace genesis::reliability
