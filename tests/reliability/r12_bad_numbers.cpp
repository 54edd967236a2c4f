// Faults in the numbers of a step, on ranks that are threads: R12 NaN, R13 spikes, R20 flipped bits.
#include <cstdlib>

#include "parallel/local_group.h"
#include "tests/reliability/process_trouble.h"
#include "trainer/train/loss_scale.h"

namespace genesis::reliability {
namespace {

using testing::TinyRun;

/// Trains with a fault; the error, or "".
std::string train(const TinyRun& run, const trainer::TrainConfig& c, int ranks, const std::string& fault) {
  ::setenv("GENESIS_FAULT", fault.c_str(), 1);
  std::string error;
  try {
    run.train(c, ranks);
  } catch (const Error& e) {
    error = fmt::format("{} (exit code {})", e.what(), int(e.code()));
  }
  ::unsetenv("GENESIS_FAULT");
  return error;
}

/// Tensor bytes of the checkpoint of `step`: its shards, one behind the other by name.
std::string tensors(const trainer::TrainConfig& c, int64_t step) {
  std::map<std::string, std::string> files;
  for (const auto& entry : std::filesystem::directory_iterator(std::filesystem::path(c.output_dir) /
                                                               fmt::format("checkpoint-{}", step))) {
    if (entry.path().extension() != ".safetensors") continue;
    std::ifstream in(entry.path(), std::ios::binary);
    files[entry.path().filename().string()] = std::string((std::istreambuf_iterator<char>(in)), {});
  }
  std::string all;
  for (const auto& [name, bytes] : files) all += bytes;
  return all;
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

/// fp16's loss scale on `ranks` ranks: an overflow on any one of them is told to all, halves the scale of all
/// exactly once, and at the smallest scale all stop with the first bad tensor's name. (No fp16 kernel runs.)
void overflow_on_each_rank(int ranks, Cases& cases) {
  const trainer::PrecisionPlan fp16{.parameters = DType::f32, .autocast = true, .compute = DType::f16};
  const auto name = [] { return std::string("the gradient of embed.weight is not finite"); };
  for (int bad = 0; bad < ranks; ++bad) {
    std::vector<std::string> problems(static_cast<size_t>(ranks));
    parallel::LocalGroup::run(ranks, [&](parallel::Communicator& group) {
      std::string& problem = problems[size_t(group.rank())];
      trainer::LossScale scale(fp16, group);
      const double before = scale.scale();
      if (!scale.agree(true, 1, name) || scale.scale() != before) problem += "a good step changed it; ";
      if (scale.agree(group.rank() != bad, 2, name)) problem += "the update was made; ";
      if (scale.scale() != before / 2) problem += fmt::format("{} became {}; ", before, scale.scale());
      if (!scale.agree(true, 3, name) || scale.scale() != before / 2) problem += "it did not stay; ";
      try {
        for (int64_t step = 4; step < 100; ++step) scale.agree(group.rank() != bad, step, name);
        problem += "it never stopped; ";
      } catch (const NumericsError& e) {
        if (std::string(e.what()).find("embed.weight") == std::string::npos) problem += e.what();
        if (scale.scale() < trainer::LossScale::kSmallest / 2) problem += "it fell below the floor; ";
      }
    });
    for (int r = 0; r < ranks; ++r)
      cases.expect(problems[size_t(r)].empty(),
                   fmt::format("overflow on rank {} of {}, rank {}: {}", bad, ranks, r, problems[size_t(r)]));
  }
}

}  // namespace

Outcome run_R12(const Mode& mode) {
  Cases cases;
  const int ranks = 2, rounds = mode.full ? 10 : 2;
  for (int round = 0; round < rounds; ++round) {
    const TinyRun run;
    const int step = 3 + round, rank = round % ranks;
    const std::string fault = fmt::format("rank={} step={} action=nan", rank, step);
    trainer::TrainConfig c = run.config("skip");
    c.on_nonfinite = trainer::OnNonfinite::skip;
    c.lr_scheduler_type = trainer::LrSchedulerType::constant;
    c.max_steps = step;
    trainer::TrainConfig before = c;
    before.output_dir = (run / "before").string();
    before.max_steps = step - 1;
    const std::string error = train(run, c, ranks, fault);
    cases.expect(error.empty(), "skip: " + error);
    run.train(before, ranks);
    if (error.empty())
      cases.expect(!tensors(c, step).empty() && tensors(c, step) == tensors(before, step - 1),
                   "a skipped step changed weights or moments");
    trainer::TrainConfig stop = run.config("stop");
    const std::string told = train(run, stop, ranks, fault);
    cases.expect(contains(told, fmt::format("step {}: ", step)) &&
                     contains(told, "the gradient of embed.weight") && contains(told, "exit code 70"),
                 "stop: " + told);
  }
  const int64_t steps = cases.count();
  for (const int of : {2, 4}) overflow_on_each_rank(of, cases);
  return {cases.good(),
          fmt::format("{} cases: skipped on all ranks without a changed bit, or stopped with step and "
                      "tensor; {} of the loss scale: halved once on every rank{}",
                      steps, cases.count() - steps, cases.failures())};
}

Outcome run_R13(const Mode&) {
  Cases cases;
  const TinyRun run;
  std::map<std::string, std::vector<std::string>> traces;
  for (const auto& [name, policy] :
       {std::pair{"warn", trainer::OnLossSpike::warn}, std::pair{"skip", trainer::OnLossSpike::skip},
        std::pair{"rewind", trainer::OnLossSpike::rewind}}) {
    trainer::TrainConfig c = run.config(name);
    c.on_loss_spike = policy;
    c.save_steps = 5;
    c.save_total_limit = 0;
    c.max_steps = 14;
    const std::string error = train(run, c, 2, "rank=1 step=12 action=spike");
    cases.expect(error.empty(), std::string(name) + ": " + error);
    traces[name] = trace(c);
  }
  trainer::TrainConfig plain = run.config("plain");
  plain.save_steps = 5;
  plain.save_total_limit = 0;
  plain.max_steps = 14;
  run.train(plain, 2);
  const auto usual = trace(plain);
  cases.expect(usual.size() == 14 && traces["warn"].size() == 14 && traces["skip"].size() == 14,
               "14 steps each");
  if (cases.good()) {
    cases.expect(traces["warn"][12] == usual[12], "warn changed an update");
    cases.expect(traces["skip"][12] != usual[12], "skip made the update");
  }
  cases.expect(tensors(run.config("rewind"), 10) == tensors(plain, 10),
               "the stored step is not the same bit for bit");
  // 12 steps, back to 10, and on: 11 to 14 anew, with the rows after the spike's.
  const auto metrics = TinyRun::metrics(run.config("rewind"));
  cases.expect(metrics.size() == 16, fmt::format("rewind wrote {} steps, not 16", metrics.size()));
  if (metrics.size() == 16)
    cases.expect(metrics[12]["step"] == 11 && metrics[12]["epoch"].get<double>() == 13.0 * 8 / 40,
                 "after the rewind: " + metrics[12].dump());
  return {cases.good(), fmt::format("warn, skip and rewind; back to the stored step and past the data{}",
                                    cases.failures())};
}

Outcome run_R20(const Mode& mode) {
  Cases cases;
  const int rounds = mode.full ? 12 : 4;
  for (int round = 0; round < rounds; ++round) {
    const TinyRun run;
    trainer::TrainConfig c = run.config("flip");
    c.replica_check_steps = 3;
    c.global_batch_size = 9;
    c.max_steps = 12;
    const char* action = round % 2 ? "flip_moment" : "flip";
    const int rank = round % 3, step = 2 + round % 4, next = step % 3 == 0 ? step + 3 : (step + 2) / 3 * 3;
    const std::string told = train(run, c, 3, fmt::format("rank={} step={} action={}", rank, step, action));
    cases.expect(
        contains(told, fmt::format("step {}: replica check: rank {} differs from the other 2", next, rank)),
        fmt::format("{} on rank {}, step {}: {}", action, rank, step, told));
  }
  return {cases.good(), fmt::format("{} flipped bits of weights and moments: each found at the next check "
                                    "(every 3 steps), the rank named{}",
                                    cases.count(), cases.failures())};
}

}  // namespace genesis::reliability
