// A step's loss and norm are read when the next one is under way: the run is the one that reads them at once.
#include "kernels/core/error.h"
#include "tests/gpu/card_case.h"
#include "tests/gpu/model/card_run.h"
#include "tests/support/checkpoint_bytes.h"
#include "tests/support/fault_scope.h"

namespace genesis::trainer {
namespace {

using namespace genesis::testing;
namespace fs = std::filesystem;

class CardLateNumbers : public CardTest {};

/// Numbers are read late, unless something decides by the loss.
void read_at_once(TrainConfig& c) { c.on_loss_spike = OnLossSpike::skip; }

TrainConfig watched(const TinyRun& tiny, const std::string& output, Precision precision) {
  TrainConfig c = config_on(tiny, DeviceChoice::cuda, output, 4);
  c.precision = precision;
  c.per_device_train_batch_size = 1;  // two micro-steps on one rank
  c.max_grad_norm = 0.5;
  return c;
}

/// Two runs told the same, but for what they measured, and left the same checkpoint.
void expect_same_run(const TrainConfig& wanted, const TrainConfig& got, int64_t step) {
  const auto a = TinyRun::metrics(wanted), b = TinyRun::metrics(got);
  ASSERT_EQ(a.size(), b.size());
  ASSERT_FALSE(a.empty());
  for (size_t i = 0; i < a.size(); ++i)
    for (const char* key : {"step", "epoch", "loss", "grad_norm", "learning_rate", "tokens", "eval_loss"})
      EXPECT_EQ(b[i].value(key, nlohmann::json()), a[i].value(key, nlohmann::json()))
          << got.output_dir << ", line " << i + 1 << ", " << key;
  const std::string checkpoint = "checkpoint-" + std::to_string(step);
  expect_same_tensors(fs::path(wanted.output_dir) / checkpoint, fs::path(got.output_dir) / checkpoint);
}

TEST_F(CardLateNumbers, GiveTheRunThatReadsThemAtOnce) {
  const TinyRun tiny;
  for (const Precision precision : {Precision::bf16_mixed, Precision::fp16_mixed}) {
    const std::string name(spelling_of(precision));
    TrainConfig late = watched(tiny, "late-" + name, precision),
                at_once = watched(tiny, "once-" + name, precision);
    read_at_once(at_once);
    for (TrainConfig* c : {&late, &at_once}) {
      c->eval_dataset = {(tiny / "eval.jsonl").string()};
      c->save_steps = 3;
      tiny.train(*c);
    }
    expect_same_run(at_once, late, 3);
    expect_same_run(at_once, late, 4);
  }
}

TEST_F(CardLateNumbers, RanksSkipABadStepAsIfTheyHadSeenIt) {
  const TinyRun tiny;
  struct Case {
    Precision precision;
    int ranks, zero_stage;
  };
  for (const Case& kind : {Case{Precision::fp16_mixed, 1, 0}, Case{Precision::bf16_true, 2, 1}}) {
    const std::string name(spelling_of(kind.precision));
    TrainConfig late = watched(tiny, "late-" + name, kind.precision),
                at_once = watched(tiny, "once-" + name, kind.precision);
    read_at_once(at_once);
    for (TrainConfig* c : {&late, &at_once}) {
      c->on_nonfinite = OnNonfinite::skip;
      c->zero_stage = kind.zero_stage;
      const FaultScope fault(kind.ranks == 2 ? "rank=1 step=2 action=nan" : "rank=0 step=2 action=nan");
      tiny.train(*c, kind.ranks);
    }
    expect_same_run(at_once, late, 4);
  }
}

TEST_F(CardLateNumbers, ABadStepStopsTheRunBeforeItIsSaved) {
  const TinyRun tiny;
  for (const int64_t save_steps : {3, 2}) {  // the step itself would be saved, or the one after it
    TrainConfig c = watched(tiny, "stop-" + std::to_string(save_steps), Precision::bf16_mixed);
    c.save_steps = save_steps;
    c.save_total_limit = 0;
    const FaultScope fault("rank=0 step=3 action=nan");
    try {
      tiny.train(c);
      FAIL();
    } catch (const Error& e) {
      EXPECT_EQ(e.code(), ExitCode::numerics);
      EXPECT_NE(std::string(e.what()).find("step 3: "), std::string::npos) << e.what();
      EXPECT_NE(std::string(e.what()).find("the gradient of embed.weight"), std::string::npos) << e.what();
    }
    EXPECT_EQ(TinyRun::metrics(c).size(), 2u);
    for (const int step : {3, 4})
      EXPECT_FALSE(fs::exists(fs::path(c.output_dir) / ("checkpoint-" + std::to_string(step))));
    EXPECT_EQ(fs::exists(fs::path(c.output_dir) / "checkpoint-2"), save_steps == 2);
  }
}

}  // namespace
}  // namespace genesis::trainer
