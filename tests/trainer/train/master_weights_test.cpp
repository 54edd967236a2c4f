#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>

#include "tests/support/tiny_run.h"

namespace genesis::trainer {
namespace {

using testing::TinyRun;

TrainConfig config_of(const TinyRun& run, const std::string& name, MasterForm form, int64_t stage = 0) {
  TrainConfig c = run.config(name);
  c.max_steps = 8;
  c.precision = Precision::bf16_mixed;
  c.master_weights = form;
  c.zero_stage = stage;
  c.ddp_bucket_cap_mb = 0.02;
  c.lr_scheduler_type = LrSchedulerType::constant;
  return c;
}

/// The bytes of every tensor of the last checkpoint, files of moments included, put together by their names.
std::map<std::string, std::string> tensors_of(const TrainConfig& c) {
  std::map<std::string, std::string> all;
  const auto folder = std::filesystem::path(c.output_dir) / ("checkpoint-" + std::to_string(c.max_steps));
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() != ".safetensors") continue;
    std::ifstream in(entry.path(), std::ios::binary);
    const std::string text{std::istreambuf_iterator<char>(in), {}};
    const size_t header = *reinterpret_cast<const uint64_t*>(text.data());
    const auto index = nlohmann::json::parse(text.substr(8, header));
    for (const auto& [name, t] : index.items())
      if (name != "__metadata__") {
        EXPECT_EQ(t.at("dtype"), "F32") << name;
        const size_t begin = t.at("data_offsets")[0], end = t.at("data_offsets")[1];
        all[name] = text.substr(8 + header + begin, end - begin);
      }
  }
  return all;
}

void expect_same_run(const TinyRun& run, const TrainConfig& got, const TrainConfig& wanted) {
  const auto a = run.metrics(got), b = run.metrics(wanted);
  ASSERT_EQ(a.size(), b.size());
  for (size_t i = 0; i < a.size(); ++i)
    EXPECT_EQ(a[i]["loss"], b[i]["loss"]) << got.output_dir << " step " << i + 1;
  const auto x = tensors_of(got), y = tensors_of(wanted);
  ASSERT_FALSE(y.empty());
  ASSERT_EQ(x.size(), y.size());
  for (const auto& [name, bytes] : y) EXPECT_TRUE(x.at(name) == bytes) << got.output_dir << ": " << name;
}

TEST(MasterWeights, SplitAndWholeMakeTheSameRunAndFiles) {
  const TinyRun run;
  for (const auto& [ranks, stage] : {std::pair<int, int64_t>{1, 0}, {2, 0}, {4, 1}}) {
    const std::string layout = std::to_string(ranks) + "-" + std::to_string(stage);
    const TrainConfig whole = config_of(run, "whole-" + layout, MasterForm::f32, stage),
                      split = config_of(run, "split-" + layout, MasterForm::split, stage);
    run.train(whole, ranks);
    run.train(split, ranks);
    expect_same_run(run, split, whole);
  }
}

TEST(MasterWeights, ACheckpointGoesOnInTheOtherForm) {
  const TinyRun run;
  const TrainConfig whole = config_of(run, "whole", MasterForm::f32);
  run.train(whole);
  for (const auto first : {MasterForm::f32, MasterForm::split}) {
    const auto second = first == MasterForm::f32 ? MasterForm::split : MasterForm::f32;
    TrainConfig c = config_of(run, first == MasterForm::f32 ? "to-split" : "to-whole", first);
    c.max_steps = 3;
    run.train(c);
    c.max_steps = whole.max_steps;
    c.master_weights = second;
    run.train(c);
    expect_same_run(run, c, whole);
  }
}

TEST(MasterWeights, RanksThatShareAModelSplitToo) {
  const TinyRun run;
  TrainConfig whole = config_of(run, "whole", MasterForm::f32, 1),
              split = config_of(run, "split", MasterForm::split, 1);
  for (TrainConfig* c : {&whole, &split}) c->tensor_parallel_size = 2;
  run.train(whole, 4);
  run.train(split, 4);
  expect_same_run(run, split, whole);
}

}  // namespace
}  // namespace genesis::trainer
