#include <gtest/gtest.h>

#include <cmath>

#include "tests/support/tiny_run.h"

namespace genesis::trainer {
namespace {

using testing::TinyRun;

struct Split {
  int ranks;
  int64_t micro_batch, accumulation;
  bool packing;
};

/// Losses and gradient norms of 20 steps at one split of the same 8 rows.
std::vector<std::pair<double, double>> curve(const TinyRun& run, const Split& split, double dropout) {
  TrainConfig c =
      run.config("split-" + std::to_string(split.ranks) + "-" + std::to_string(split.accumulation));
  c.per_device_train_batch_size = split.micro_batch;
  c.gradient_accumulation_steps = split.accumulation;
  c.packing = split.packing;
  c.model.emb_dropout_prob = dropout;
  std::vector<std::pair<double, double>> points;
  for (const auto& line : run.train(c, split.ranks)) points.emplace_back(line["loss"], line["grad_norm"]);
  EXPECT_EQ(points.size(), 20u);
  return points;
}

void expect_one_curve(double dropout) {
  const TinyRun run;
  const auto whole = curve(run, {1, 8, 1, false}, dropout);
  for (const Split split :
       {Split{1, 2, 4, false}, Split{2, 2, 2, false}, Split{4, 2, 1, false}, Split{4, 1, 2, false}}) {
    const auto points = curve(run, split, dropout);
    for (size_t i = 0; i < whole.size(); ++i) {
      EXPECT_NEAR(points[i].first / whole[i].first, 1.0, 1e-6)
          << "loss of step " << i << ", " << split.ranks << " ranks";
      EXPECT_NEAR(points[i].second / whole[i].second, 1.0, 1e-4)
          << "norm of step " << i << ", " << split.ranks << " ranks";
    }
  }
  EXPECT_LT(whole.back().first, whole.front().first - 1.0) << "the model learns nothing";
}

TEST(SplitInvariance, RanksAndAccumulationDoNotChangeTheRun) { expect_one_curve(0); }

TEST(SplitInvariance, TheSameWithDropout) { expect_one_curve(0.1); }

TEST(SplitInvariance, CheckpointingIsBitIdentical) {
  const TinyRun run;
  std::vector<std::vector<nlohmann::json>> curves;
  for (const auto checkpointing : {GradientCheckpointing::none, GradientCheckpointing::full}) {
    TrainConfig c = run.config(checkpointing == GradientCheckpointing::none ? "plain" : "checkpointed");
    c.gradient_checkpointing = checkpointing;
    c.precision = Precision::bf16_mixed;
    curves.push_back(run.train(c));
  }
  for (size_t i = 0; i < curves[0].size(); ++i) {
    EXPECT_EQ(curves[0][i]["loss"], curves[1][i]["loss"]) << i;
    EXPECT_EQ(curves[0][i]["grad_norm"], curves[1][i]["grad_norm"]) << i;
  }
}

}  // namespace
}  // namespace genesis::trainer
