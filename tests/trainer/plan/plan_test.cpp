#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>

#include "trainer/config/read_arguments.h"
#include "trainer/plan/plan_request.h"

namespace genesis::trainer {
namespace {

PlanReport report_of(std::vector<std::string> words) {
  ConfigArguments arguments = read_arguments(words);
  const PlanRequest request = take_plan_request(arguments);
  return make_plan(arguments, request);
}

std::vector<std::string> words_of(const std::string& model, std::vector<std::string> more) {
  std::vector<std::string> words{
      "model_name_or_path=" + std::string(GENESIS_SOURCE_DIR) + "/configs/qwen1/" + model,
      "precision=bf16-mixed", "max_seq_len=2048", "per_device_train_batch_size=1"};
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

TEST(Plan, RefusesWhatCannotFitAndProposesAChangeThatDoes) {
  const auto report = report_of(words_of("qwen1_7B.yaml", {"--ranks", "8", "--gpu", "h100"}));
  EXPECT_FALSE(report.asked.fits(report.machine));  // 16 bytes a parameter of 7.7 billion
  ASSERT_TRUE(report.change);
  EXPECT_TRUE(report.change->fits_with_reserve(report.machine));
  EXPECT_FALSE(report.change->changes_from(report.asked.input).empty());
  ASSERT_TRUE(report.best);
  EXPECT_TRUE(report.best->fits_with_reserve(report.machine));
  const auto json = nlohmann::json::parse(plan_json(report));
  EXPECT_FALSE(json["fits"].get<bool>());
  EXPECT_TRUE(json["smallest_change"]["fits"].get<bool>());
  EXPECT_NE(plan_text(report).find("does not fit"), std::string::npos);
}

/// 7B at 8192 tokens on one 80 GB card: 8 bytes a parameter, and as little recomputed as fits.
TEST(Plan, ChoosesTheFewestBlocksThatFitTheCard) {
  const auto report =
      report_of({"model_name_or_path=" GENESIS_SOURCE_DIR "/configs/qwen1/qwen1_7B.yaml",
                 "precision=bf16-true", "gradient_dtype=bf16", "max_seq_len=8192",
                 "gradient_checkpointing=auto", "per_device_train_batch_size=1", "--gpu", "h100"});
  const Layout& asked = report.asked;
  EXPECT_TRUE(asked.fits_with_reserve(report.machine));
  EXPECT_GE(report.machine.memory_bytes - double(asked.memory.total()), kCardReserve);
  EXPECT_GT(asked.input.recomputed_layers(), 0);
  PlanInput less = asked.input;
  less.checkpointing_layers = asked.input.recomputed_layers() - 1;
  EXPECT_FALSE(evaluate_layout(less, report.machine).fits_with_reserve(report.machine));
  EXPECT_NE(plan_text(report).find(" of 32 blocks"), std::string::npos) << plan_text(report);
  PlanInput full = asked.input;
  full.checkpointing = GradientCheckpointing::full;
  full.checkpointing_layers = -1;
  EXPECT_LT(asked.time.step(), evaluate_layout(full, report.machine).time.step());
}

TEST(Plan, ProposesSplitMastersBeforeWhatCostsTime) {
  const auto report = report_of(words_of("qwen1_1.8B.yaml", {"--gpu", "h100"}));
  PlanInput split = report.asked.input;
  split.master_weights = MasterForm::split;
  const int64_t narrow = plan_memory(split).total(), wide = report.asked.memory.total();
  ASSERT_LT(narrow, wide);
  Machine between = report.machine;
  between.reserve_bytes = 0;
  between.memory_bytes = double(narrow + (wide - narrow) / 2);
  const auto change = smallest_change(report.asked.input, between);
  ASSERT_TRUE(change);
  EXPECT_EQ(change->changes_from(report.asked.input), "master_weights=split");
  // What needs another precision drops the form that would be refused with it.
  between.memory_bytes = 0.75 * double(narrow);
  const auto other = smallest_change(split, between);
  ASSERT_TRUE(other);
  EXPECT_EQ(other->input.precision, Precision::bf16_true);
  EXPECT_EQ(other->input.master_weights, MasterForm::f32);
}

TEST(Plan, SaysWhatFitsOnlyInsideTheReserve) {
  PlanReport report = report_of(words_of("qwen1_1.8B.yaml", {"--gpu", "h100"}));
  ASSERT_TRUE(report.asked.fits_with_reserve(report.machine));
  EXPECT_EQ(plan_text(report).find("but leaves"), std::string::npos);
  report.machine = card_with_memory(double(report.asked.memory.total()) + kCardReserve / 8);
  EXPECT_TRUE(report.asked.fits(report.machine));
  EXPECT_FALSE(report.asked.fits_with_reserve(report.machine));
  EXPECT_NE(plan_text(report).find("fits, but leaves 512.0 MiB of the 4.00 GiB"), std::string::npos)
      << plan_text(report);
  EXPECT_FALSE(nlohmann::json::parse(plan_json(report))["fits_with_reserve"].get<bool>());
  // Where nothing leaves the reserve, what fits is taken.
  PlanInput least = report.asked.input;
  least.checkpointing = GradientCheckpointing::full;
  const Machine tight = card_with_memory(double(plan_memory(least).total()) + 1);
  EXPECT_TRUE(evaluate_layout(with_least_recompute(report.asked.input, tight), tight).fits(tight));
}

TEST(Plan, ScalesAndAnswersWithinASecond) {
  const auto begin = std::chrono::steady_clock::now();
  const auto report = report_of(words_of("qwen1_1.8B.yaml", {"zero_stage=1", "gradient_accumulation_steps=8",
                                                             "--ranks", "8", "--sweep", "1,8,64,512,1024"}));
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  EXPECT_LT(seconds, 1.0);
  ASSERT_EQ(report.sweep.size(), 5u);
  for (size_t i = 1; i < report.sweep.size(); ++i) {
    EXPECT_GT(report.sweep[i].tokens_per_s(), report.sweep[i - 1].tokens_per_s());
    EXPECT_GE(report.sweep[i].time.exposed, report.sweep[i - 1].time.exposed);
    EXPECT_LE(report.sweep[i].memory.at(MemoryCategory::optimizer),
              report.sweep[i - 1].memory.at(MemoryCategory::optimizer));
  }
  // Published: 7B of this kind at 2k on one H100 runs at 52 to 60 % of dense peak; the model is no better.
  EXPECT_LT(report.asked.time.step(), 8 * 2048 * flops_of_token(report.asked.input) / 350e12);
}

/// 7B shared by two cards: what exchanges of rows cost is what no product hides.
TEST(Plan, CountsOnlyWhatIsExposedOfTheExchangesOfATensorParallelGroup) {
  const auto time_of = [](const std::string& overlap, bool sequence, int tokens) {
    auto words = words_of("qwen1_7B.yaml", {"--ranks", "2", "--gpu", "h100", "tensor_parallel_size=2",
                                            "tensor_parallel_overlap=" + overlap,
                                            fmt::format("sequence_parallel={}", sequence)});
    std::replace(words.begin(), words.end(), std::string("max_seq_len=2048"),
                 fmt::format("max_seq_len={}", tokens));
    return report_of(words).asked.time;
  };
  for (const bool sequence : {false, true}) {
    const TimePlan none = time_of("0", sequence, 16384), backward = time_of("1", sequence, 16384),
                   chunks = time_of("4", sequence, 16384);
    EXPECT_DOUBLE_EQ(none.exposed, none.communication);
    EXPECT_DOUBLE_EQ(none.communication, backward.communication);
    EXPECT_GT(chunks.communication, none.communication);  // more calls
    EXPECT_LT(chunks.communication, 1.3 * none.communication);
    // Five exchanges a layer, two of them under weight gradients; without sequence parallelism two and one.
    const double of_layers = sequence ? 3.0 / 5 : 1.0 / 2;
    EXPECT_NEAR(backward.exposed / none.exposed, of_layers, 0.05) << sequence;
    EXPECT_NEAR(chunks.exposed / none.exposed, of_layers / 4, 0.06) << sequence;
    EXPECT_DOUBLE_EQ(none.compute(), chunks.compute());
    // By itself: four chunks of at least 2048 rows.
    EXPECT_DOUBLE_EQ(time_of("-1", sequence, 16384).exposed, chunks.exposed);
    EXPECT_DOUBLE_EQ(time_of("-1", sequence, 2048).exposed, time_of("1", sequence, 2048).exposed);
  }
}

TEST(Plan, NamesOptionsThatAreNoNumbers) {
  const auto message = [](std::vector<std::string> words) -> std::string {
    try {
      report_of(std::move(words));
    } catch (const ConfigError& e) {
      return e.what();
    }
    return "";
  };
  EXPECT_NE(message(words_of("qwen1_1.8B.yaml", {"--ranks", "none"})).find("--ranks none"),
            std::string::npos);
  EXPECT_NE(message(words_of("qwen1_1.8B.yaml", {"--gpu", "b17"})).find("--gpu b17"), std::string::npos);
  EXPECT_NE(message(words_of("qwen1_1.8B.yaml", {"--ranks", "6", "tensor_parallel_size=4"})).find("6 ranks"),
            std::string::npos);
}

}  // namespace
}  // namespace genesis::trainer
