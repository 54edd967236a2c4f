// Training runs from config to checkpoint on a card.
#include "tests/gpu/card_case.h"
#include "tests/gpu/model/card_run.h"

namespace genesis::trainer {
namespace {

using namespace genesis::testing;

class CardRun : public CardTest {};

void expect_same_curve(const std::vector<nlohmann::json>& got, const std::vector<nlohmann::json>& wanted,
                       double tolerance) {
  ASSERT_EQ(got.size(), wanted.size());
  for (size_t i = 0; i < got.size(); ++i) {
    const double a = got[i].at("loss"), b = wanted[i].at("loss");
    EXPECT_NEAR(a, b, tolerance * b) << "step " << i + 1;
  }
}

/// `half` stops at its max_steps and goes on to those of `whole`: the losses of `whole`, bit for bit.
void expect_resumed_bits(const TinyRun& tiny, const TrainConfig& whole, TrainConfig half) {
  const auto wanted = tiny.train(whole);
  tiny.train(half);
  half.max_steps = whole.max_steps;
  const auto got = tiny.train(half);
  ASSERT_EQ(got.size(), wanted.size());
  for (size_t i = 0; i < got.size(); ++i)
    EXPECT_EQ(got[i].at("loss"), wanted[i].at("loss")) << half.output_dir << ", step " << i + 1;
}

TEST_F(CardRun, LossCurveOfEveryPrecisionFollowsTheCpu) {
  const TinyRun tiny;
  TrainConfig c = config_on(tiny, DeviceChoice::cpu, "cpu");
  c.precision = Precision::fp32;
  const auto reference = tiny.train(c);
  // The weights start from f64 normals that differ in their last bit at most.
  for (const auto& [precision, tolerance] : {std::pair{Precision::fp32, 1e-3},
                                             {Precision::bf16_mixed, 0.03},
                                             {Precision::fp16_mixed, 0.02},
                                             {Precision::bf16_true, 0.1}}) {
    c = config_on(tiny, DeviceChoice::cuda, "cuda-" + std::string(spelling_of(precision)));
    c.precision = precision;
    expect_same_curve(tiny.train(c), reference, tolerance);
  }
}

TEST_F(CardRun, RanksThatShareACardMakeTheSameSteps) {
  const TinyRun tiny;
  TrainConfig one = config_on(tiny, DeviceChoice::cuda, "one"),
              two = config_on(tiny, DeviceChoice::cuda, "two"),
              sharded = config_on(tiny, DeviceChoice::cuda, "sharded");
  for (TrainConfig* c : {&one, &two, &sharded}) c->precision = Precision::fp32;
  two.zero_stage = 0;
  sharded.zero_stage = 1;
  const auto reference = tiny.train(one);
  expect_same_curve(tiny.train(two, 2), reference, 1e-3);
  expect_same_curve(tiny.train(sharded, 2), reference, 1e-3);
}

TEST_F(CardRun, RanksThatShareACardSplitTheModel) {
  const TinyRun tiny;
  TrainConfig one = config_on(tiny, DeviceChoice::cuda, "whole-model", 3), two = one;
  two.output_dir = (tiny / "split-model").string();
  two.tensor_parallel_size = 2;
  for (TrainConfig* c : {&one, &two}) c->precision = Precision::bf16_mixed;
  expect_same_curve(tiny.train(two, 2), tiny.train(one), 5e-3);
}

TEST_F(CardRun, StateAwayFromTheCardGivesTheSameBitsAndResumes) {
  const TinyRun tiny;
  for (const auto precision : {Precision::bf16_mixed, Precision::bf16_true}) {
    const std::string name(spelling_of(precision));
    TrainConfig plain = config_on(tiny, DeviceChoice::cuda, "here-" + name, 4),
                away = config_on(tiny, DeviceChoice::cuda, "away-" + name, 2);
    for (TrainConfig* c : {&plain, &away}) {
      c->precision = precision;
      c->lr_scheduler_type = LrSchedulerType::constant;
    }
    away.offload_optimizer = true;
    expect_resumed_bits(tiny, plain, away);
    if (precision != Precision::bf16_mixed) continue;
    away.output_dir += "-split";
    away.max_steps = 2;
    away.master_weights = MasterForm::split;
    expect_resumed_bits(tiny, plain, away);
    away.output_dir += "-here";
    away.max_steps = 2;
    away.offload_optimizer = false;
    expect_resumed_bits(tiny, plain, away);
  }
}

TEST_F(CardRun, MastersAreApartFromSharedWeights) {
  const TinyRun tiny;
  TrainConfig whole = config_on(tiny, DeviceChoice::cuda, "masters-whole", 3), away = whole;
  away.output_dir = (tiny / "masters-away").string();
  for (TrainConfig* c : {&whole, &away}) {
    c->precision = Precision::bf16_mixed;
    c->zero_stage = 1;
  }
  away.master_weights = MasterForm::split;
  away.offload_optimizer = true;
  const auto wanted = tiny.train(whole, 2), got = tiny.train(away, 2);
  ASSERT_EQ(got.size(), wanted.size());
  for (size_t i = 0; i < got.size(); ++i)
    EXPECT_EQ(got[i].at("loss"), wanted[i].at("loss")) << "step " << i + 1;
}

TEST_F(CardRun, EightBytesAParameterFollowTheRunWithTen) {
  const TinyRun tiny;
  TrainConfig ten = config_on(tiny, DeviceChoice::cuda, "ten"),
              eight = config_on(tiny, DeviceChoice::cuda, "eight");
  for (TrainConfig* c : {&ten, &eight}) c->precision = Precision::bf16_true;
  eight.gradient_dtype = GradientDType::bf16;
  eight.gradient_checkpointing = GradientCheckpointing::fit;
  expect_same_curve(tiny.train(eight), tiny.train(ten), 0.02);
}

TEST_F(CardRun, ResumeGivesTheSameBits) {
  const TinyRun tiny;
  TrainConfig whole = config_on(tiny, DeviceChoice::cuda, "whole", 4),
              half = config_on(tiny, DeviceChoice::cuda, "half", 2);
  for (TrainConfig* c : {&whole, &half}) {
    c->precision = Precision::bf16_mixed;
    c->lr_scheduler_type = LrSchedulerType::constant;
  }
  expect_resumed_bits(tiny, whole, half);
}

TEST_F(CardRun, CheckpointMadeOnACardGoesOnTheCpu) {
  const TinyRun tiny;
  TrainConfig c = config_on(tiny, DeviceChoice::cuda, "moved", 3);
  c.precision = Precision::fp32;
  tiny.train(c);
  c.device = DeviceChoice::cpu;
  c.max_steps = 5;
  EXPECT_EQ(tiny.train(c).back().at("step"), 5);
}

}  // namespace
}  // namespace genesis::trainer
