#include "trainer/export/export_model.h"

#include <gtest/gtest.h>

#include <fstream>

#include "models/json/strict_json.h"
#include "tests/support/bigram_model.h"
#include "tests/support/error_message.h"
#include "tests/support/temp_folder.h"
#include "trainer/export/sample_check.h"

namespace genesis::trainer {
namespace {

namespace fs = std::filesystem;
using testing::message_of;

class ExportModelTest : public ::testing::Test {
 protected:
  ExportModelTest() : model_(testing::write_random_model(folder_ / "m")) {}
  ExportOptions options() const {
    ExportOptions o;
    o.checkpoint = model_;
    o.out = folder_ / "out";
    return o;
  }
  static size_t entries(const fs::path& folder) {
    return size_t(std::distance(fs::directory_iterator(folder), fs::directory_iterator{}));
  }
  SampleOutputs outputs(const fs::path& folder) const {
    LoadedModel m = open_model({folder, {}, std::string("qwen"), DType::f32});
    return sample_outputs(*m.model, m.tokenizer, m.chat);
  }
  testing::TempFolder folder_;
  fs::path model_;
};

TEST_F(ExportModelTest, EachNamingGivesTheSameModelBack) {
  const SampleOutputs before = outputs(model_);
  for (const auto naming : {models::Naming::qwen, models::Naming::llama}) {
    ExportOptions o = options();
    o.naming = naming;
    o.out = folder_ / (naming == models::Naming::qwen ? "a" : "b");
    const ExportReport r = export_model(o);
    EXPECT_EQ(r.rounding, 0);
    EXPECT_GT(r.logits, 10000);
    EXPECT_EQ(r.dtype, DType::f32);
    EXPECT_NO_THROW(expect_same(before, outputs(o.out), "out"));
  }
  EXPECT_TRUE(fs::exists(folder_ / "a/qwen.tiktoken"));
  EXPECT_TRUE(fs::exists(folder_ / "b/vocab.json"));
  EXPECT_EQ(models::read_json_file(folder_ / "b/config.json")["model_type"], "qwen2");
  const auto tokenizer = models::read_json_file(folder_ / "b/tokenizer_config.json");
  EXPECT_EQ(tokenizer["eos_token"], "<|im_end|>");
  EXPECT_NE(tokenizer["chat_template"].get<std::string>().find("You are a helpful assistant."),
            std::string::npos);
  const auto tiny = testing::tiny_tokenizer();
  for (const char* name : {"a/generation_config.json", "b/generation_config.json"})
    EXPECT_EQ(models::read_json_file(folder_ / name)["eos_token_id"][0], tiny.im_end_id());
}

TEST_F(ExportModelTest, NarrowerWeightsAreTheRoundedOnes) {
  for (const DType dtype : {DType::bf16, DType::f16}) {
    ExportOptions o = options();
    o.dtype = dtype;
    o.max_shard_bytes = 20000;
    o.out = folder_ / name_of(dtype);
    const ExportReport r = export_model(o);
    EXPECT_GT(r.files, 2);
    EXPECT_GT(r.rounding, 0);
    EXPECT_LT(r.rounding, dtype == DType::bf16 ? 0.3 : 0.03);
    EXPECT_EQ(models::read_json_file(o.out / "config.json")[dtype == DType::bf16 ? "bf16" : "fp16"], true);
  }
}

TEST_F(ExportModelTest, TakesTheNewestCheckpointOfARun) {
  fs::create_directories(folder_ / "run");
  for (const char* name : {"checkpoint-9", "checkpoint-20", "checkpoint-100x"})
    fs::copy(model_, folder_ / "run" / name, fs::copy_options::recursive);
  ExportOptions o = options();
  o.checkpoint = folder_ / "run";
  EXPECT_EQ(export_model(o).source.filename(), "checkpoint-20");
}

TEST_F(ExportModelTest, NothingThatExistedIsTouched) {
  const auto kept = folder_ / "out";
  fs::create_directories(kept);
  std::ofstream(kept / "mine") << "x";
  EXPECT_NE(message_of<ConfigError>([&] { export_model(options()); }).find("out: exists already"),
            std::string::npos);
  EXPECT_EQ(entries(kept), 1u);
  EXPECT_EQ(entries(folder_.path()), 2u) << "nothing half-written is left";
}

TEST_F(ExportModelTest, AFailureLeavesNothingBehind) {
  std::ofstream(model_ / "generation_config.json") << "[1]";
  EXPECT_THROW(export_model(options()), ConfigError);
  fs::remove(model_ / "generation_config.json");
  LoadedModel m = open_model({model_, {}, {}, {}});
  m.model->named_parameters().front().second.value().data<float>()[7] = 1e6f;
  m.model->save(model_);
  ExportOptions o = options();
  o.dtype = DType::f16;
  EXPECT_NE(message_of<NumericsError>([&] { export_model(o); }).find("parameter 'embed.weight' holds inf"),
            std::string::npos);
  EXPECT_EQ(entries(folder_.path()), 1u);
}

TEST_F(ExportModelTest, ADifferenceIsNamed) {
  const SampleOutputs a = outputs(model_);
  SampleOutputs b = a;
  const size_t v = a.logits.size() / [&] {
    size_t rows = 0;
    for (const auto& head : a.heads) rows += head.size();
    return rows;
  }();
  b.logits[a.heads[0].size() * v + 2 * v + 5] += 1e-6f;
  EXPECT_NE(message_of<CheckpointError>([&] {
              expect_same(a, b, "out");
            }).find("sample text 1, position 2, logit of token 5 is"),
            std::string::npos);
  b = a;
  b.ids[3].push_back(1);
  EXPECT_NE(
      message_of<CheckpointError>([&] { expect_same(a, b, "out"); }).find("other ids for sample text 3"),
      std::string::npos);
}

}  // namespace
}  // namespace genesis::trainer
