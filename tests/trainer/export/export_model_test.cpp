#include "trainer/export/export_model.h"

#include <gtest/gtest.h>

#include <cstring>
#include <fstream>

#include "models/json/strict_json.h"
#include "models/safetensors/folder.h"
#include "models/safetensors/writer.h"
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

/// The bytes of every tensor that two folders hold, by name.
void expect_same_tensors(const fs::path& a, const fs::path& b) {
  const auto left = models::CheckpointFolder::open(a), right = models::CheckpointFolder::open(b);
  EXPECT_GT(left.names().size(), 10u);
  for (const auto& name : left.names()) {
    if (name.ends_with("inv_freq") || name.ends_with("masked_bias")) {
      EXPECT_FALSE(right.contains(name)) << name;  // a buffer, nothing learned
      continue;
    }
    ASSERT_TRUE(right.contains(name)) << name;
    EXPECT_EQ(left.at(name).type, right.at(name).type) << name;
    const auto x = left.file_of(name).bytes(left.at(name)), y = right.file_of(name).bytes(right.at(name));
    ASSERT_EQ(x.size(), y.size()) << name;
    EXPECT_EQ(std::memcmp(x.data(), y.data(), x.size()), 0) << name;
  }
}

/// A Qwen-1 folder as its makers ship it: fused c_attn in shards of `dtype`, buffers among them, a config
/// with the key names of the first release or of the later ones and with keys Genesis has no use for.
fs::path write_released(const fs::path& folder, DType dtype, bool first_release) {
  const auto tokenizer = testing::tiny_tokenizer();
  auto config = testing::tiny_config(tokenizer);
  config.max_seq_len = config.seq_length = 8192;
  config.use_dynamic_ntk = config.use_logn_attn = true;
  models::QwenModel model(config, DType::f32, 9);
  model.save(folder, {models::Naming::qwen, dtype, 20000});
  data::write_tiktoken(tokenizer.vocabulary(), folder / "qwen.tiktoken");
  std::ofstream(folder / "modeling_qwen.py") << "# the makers' code\n";
  auto json = nlohmann::ordered_json::parse(models::read_json_text(folder / "config.json"));
  json["bf16"] = json["fp16"] = json["fp32"] = false;  // what Qwen-7B's says, its weights being bf16
  json["transformers_version"] = "4.31.0";
  json["softmax_in_fp32"] = false;
  json["eos_token_id"] = 7;
  if (first_release) {
    const std::pair<const char*, const char*> names[] = {{"hidden_size", "n_embd"},
                                                         {"num_hidden_layers", "n_layer"},
                                                         {"num_attention_heads", "n_head"},
                                                         {"intermediate_size", "ffn_hidden_size"},
                                                         {"max_position_embeddings", "n_positions"},
                                                         {"vocab_size", "padded_vocab_size"},
                                                         {"emb_dropout_prob", "embd_pdrop"}};
    for (const auto& [now, then] : names) {
      json[then] = json[now];
      json.erase(now);
    }
  }
  std::ofstream(folder / "config.json") << json.dump(1);
  return folder;
}

TEST_F(ExportModelTest, AReleasedQwen1ComesBackByteForByte) {
  for (const DType dtype : {DType::bf16, DType::f16, DType::f32})
    for (const bool first_release : {false, true}) {
      SCOPED_TRACE(fmt::format("{} {}", name_of(dtype), first_release ? "first release" : "later release"));
      const auto name = fmt::format("{}-{}", name_of(dtype), first_release);
      ExportOptions o = options();
      o.checkpoint = write_released(folder_ / ("released-" + name), dtype, first_release);
      o.out = folder_ / name;
      o.naming = models::Naming::qwen;
      const ExportReport r = export_model(o);
      EXPECT_EQ(r.dtype, dtype);
      EXPECT_EQ(r.rounding, 0);
      expect_same_tensors(o.checkpoint, o.out);
      EXPECT_EQ(nlohmann::ordered_json::parse(models::read_json_text(o.checkpoint / "config.json")),
                nlohmann::ordered_json::parse(models::read_json_text(o.out / "config.json")));
      EXPECT_EQ(models::read_json_text(o.checkpoint / "qwen.tiktoken"),
                models::read_json_text(o.out / "qwen.tiktoken"));
      EXPECT_TRUE(fs::exists(o.out / "modeling_qwen.py"));
    }
}

TEST_F(ExportModelTest, BuffersOfOldDumpsAreLeftOut) {
  const fs::path source = write_released(folder_ / "released", DType::f32, false);
  const auto folder = models::CheckpointFolder::open(source);
  std::vector<models::TensorToWrite> tensors;
  for (const auto& name : folder.names()) tensors.push_back({name, DType::f32, folder.at(name).shape});
  tensors.push_back({"transformer.rotary_emb.inv_freq", DType::f32, {8}});
  tensors.push_back({"transformer.h.0.attn.masked_bias", DType::f32, {}});
  const fs::path dump = folder_ / "dump";
  fs::create_directories(dump);
  for (const char* file : {"config.json", "qwen.tiktoken"}) fs::copy_file(source / file, dump / file);
  models::SafetensorsWriter writer(dump / "model.safetensors", tensors);
  for (const auto& t : tensors)
    writer.write(t.name, folder.contains(t.name) ? folder.read(t.name) : Array::zeros(t.shape, t.dtype));
  writer.finish();
  ExportOptions o = options();
  o.checkpoint = dump;
  export_model(o);
  expect_same_tensors(dump, o.out);
}

TEST_F(ExportModelTest, ADtypeThatTheConfigNamesFollowsTheWeights) {
  const fs::path source = write_released(folder_ / "released", DType::f32, false);
  auto json = nlohmann::ordered_json::parse(models::read_json_text(source / "config.json"));
  json["fp32"] = true;
  json["torch_dtype"] = "float32";
  std::ofstream(source / "config.json") << json.dump(1);
  ExportOptions o = options();
  o.checkpoint = source;
  o.dtype = DType::bf16;
  export_model(o);
  const auto written = models::read_json_file(o.out / "config.json");
  EXPECT_EQ(written["torch_dtype"], "bfloat16");
  EXPECT_EQ(written["bf16"], true);
  EXPECT_EQ(written["fp32"], false);
  EXPECT_EQ(written["eos_token_id"], 7);
}

TEST_F(ExportModelTest, AnExperimentIsRefusedByItsSwitch) {
  auto config = testing::tiny_config(testing::tiny_tokenizer());
  config.rope_interleaved = true;
  testing::write_model(folder_ / "turned", models::QwenModel(config), testing::tiny_tokenizer());
  for (const char* out : {"out", "out.gguf"}) {
    ExportOptions o = options();
    o.checkpoint = folder_ / "turned";
    o.out = folder_ / out;
    const std::string text =
        message_of<ConfigError>([&] { o.out.extension() == ".gguf" ? export_gguf(o) : export_model(o); });
    EXPECT_NE(text.find("rope_interleaved"), std::string::npos) << text;
    EXPECT_FALSE(fs::exists(o.out));
  }
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
