// The commands that work on a model, as a user types them.
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

#include "tests/support/bigram_model.h"
#include "tests/support/program_run.h"

namespace genesis::trainer {
namespace {

namespace fs = std::filesystem;
using testing::run_genesis;

class ModelCommandsTest : public ::testing::Test {
 protected:
  ModelCommandsTest() : model_(testing::write_bigram_model(folder_ / "m").string()) {}
  std::string path(std::string_view name) const { return (folder_ / name).string(); }
  std::string write(std::string_view name, std::string_view text) const {
    return folder_.write(name, text).string();
  }
  void expect_error(const std::vector<std::string>& words, ExitCode code, const std::string& part,
                    std::string_view input = {}) {
    const auto run = run_genesis(words, input);
    EXPECT_EQ(run.code, int(code)) << run.err;
    EXPECT_NE(run.err.find(part), std::string::npos) << run.err;
    EXPECT_EQ(std::count(run.err.begin(), run.err.end(), '\n'), 1) << run.err;
  }
  testing::TempFolder folder_;
  std::string model_;
};

TEST_F(ModelCommandsTest, Generate) {
  EXPECT_EQ(run_genesis({"generate", model_, "--prompt", "What?"}).out, "42\n");
  EXPECT_EQ(run_genesis({"generate", model_}, "What?\n").out, "42\n");
  EXPECT_EQ(run_genesis({"generate", model_, "--raw", "--prompt", "z", "--max-new-tokens", "5"}).out,
            "zzzzz\n");
  const auto run =
      run_genesis({"generate", model_, "--json", "--greedy"}, "{\"prompt\": \"a\"}\n{\"prompt\": \"b\"}\n");
  EXPECT_EQ(run.code, 0);
  EXPECT_EQ(std::count(run.out.begin(), run.out.end(), '\n'), 2);
  EXPECT_EQ(nlohmann::json::parse(run.out.substr(0, run.out.find('\n')))["text"], "42");
}

TEST_F(ModelCommandsTest, SamplingFollowsTheSeed) {
  const std::string random = testing::write_random_model(folder_ / "r").string();
  const auto sample = [&](const char* seed) {
    return run_genesis({"generate", random, "--prompt", "a", "--seed", seed, "--max-new-tokens", "20"}).out;
  };
  EXPECT_EQ(sample("1"), sample("1"));
  EXPECT_NE(sample("1"), sample("2"));
}

TEST_F(ModelCommandsTest, Chat) {
  EXPECT_EQ(run_genesis({"chat", model_, "--prompt", "What?"}).out, "42\n");
  EXPECT_EQ(run_genesis({"chat", "--model", model_, "--template", "qwen3"}, "a\n/reset\nb\n/exit\nc\n").out,
            "42\n42\n");
}

TEST_F(ModelCommandsTest, Benchmark) {
  const auto json = run_genesis(
      {"benchmark", model_, "--prompt-tokens", "9", "--new-tokens", "4", "--repeats", "1", "--json"});
  EXPECT_EQ(json.code, 0) << json.err;
  const auto j = nlohmann::json::parse(json.out);
  EXPECT_EQ(j["model"], model_);
  for (const char* key :
       {"prefill_tokens_per_s", "decode_tokens_per_s", "read_gb_per_s", "share_of_bandwidth", "peak_bytes"})
    EXPECT_GT(j[key], 0.0) << key;
  const auto table = run_genesis(
      {"benchmark", model_, model_, "--prompt-tokens", "9", "--new-tokens", "4", "--repeats", "1"});
  EXPECT_EQ(std::count(table.out.begin(), table.out.end(), '\n'), 4) << table.out;
  expect_error({"benchmark", model_, "--prompt-tokens", "500"}, ExitCode::config, "context of 128");
}

TEST_F(ModelCommandsTest, InspectLooksInside) {
  const auto run =
      run_genesis({"inspect", "attention", model_, "--prompt", "What?", "--out", path("maps.html")});
  EXPECT_EQ(run.code, 0) << run.err;
  EXPECT_GT(fs::file_size(path("maps.html")), 2000u);
  const auto logits = nlohmann::json::parse(run_genesis({"inspect", model_, "--logits", "1,2,3"}).out);
  EXPECT_EQ(logits["logits"].size(), 3u);
  EXPECT_EQ(run_genesis({"inspect"}).code, int(ExitCode::config));
}

TEST_F(ModelCommandsTest, ExportsGguf) {
  const auto run = run_genesis({"export", model_, path("m.gguf"), "--dtype", "f16"});
  EXPECT_EQ(run.code, 0) << run.err;
  EXPECT_NE(run.out.find("read back the same"), std::string::npos) << run.out;
  expect_error({"export", model_, path("m.gguf")}, ExitCode::config, "exists already");
  expect_error({"export", model_, path("n.gguf"), "--naming", "qwen1"}, ExitCode::config, "names of its own");
}

TEST_F(ModelCommandsTest, EvalExactMatch) {
  const auto record = [](const char* answer) {
    return fmt::format("{{\"task\": \"t\", \"prompt\": \"q\", \"completion\": \"{}\"}}\n", answer);
  };
  const std::string data = write("d.jsonl", record("42") + record("42") + record("7") + record("42"));
  const auto table = run_genesis({"eval", model_, data, "--exact-match"});
  EXPECT_EQ(table.code, 0) << table.err;
  EXPECT_NE(table.out.find("75.00 %"), std::string::npos) << table.out;
  EXPECT_NE(table.out.find("d.jsonl:3: q"), std::string::npos) << table.out;
  const auto json = nlohmann::json::parse(run_genesis({"eval", model_, data, "--exact-match", "--json"}).out);
  EXPECT_EQ(json["exact_match"], 0.75);
  EXPECT_EQ(json["tasks"]["t"]["right"], 3);
  EXPECT_EQ(run_genesis({"eval", model_, data, "--min-exact-match", "0.75"}).code, 0);
  expect_error({"eval", model_, data, "--min-exact-match", "0.9"}, ExitCode::failure,
               "exact match 0.7500 is below 0.9");
}

TEST_F(ModelCommandsTest, EvalLoss) {
  // The logit of the token the model expects is the normalised 1 of its one-hot row; all others are 0.
  const int64_t v = (testing::tiny_tokenizer().vocab_size() + 7) / 8 * 8;
  const std::string right = write("right.jsonl", R"({"prompt": "q", "completion": "42"})");
  const std::string half = write("half.jsonl", R"({"prompt": "q", "completion": "7"})");
  const auto json = [&](const std::string& data) {
    const auto run = run_genesis({"eval", model_, data, "--json"});
    EXPECT_EQ(run.code, 0) << run.err;
    return nlohmann::json::parse(run.out);
  };
  EXPECT_NEAR(json(right)["loss"].get<double>(), 0, 1e-4);
  EXPECT_NEAR(json(half)["loss"].get<double>(), 0.5 / std::sqrt(1 / double(v) + 1e-6), 1e-4);
  EXPECT_EQ(json(half)["supervised_tokens"], 2);
  EXPECT_NE(run_genesis({"eval", model_, right}).out.find("perplexity 1 "), std::string::npos);
  expect_error({"eval", model_, right, "--max-seq-len", "1000"}, ExitCode::config,
               "beyond the model's context of 128");
  expect_error({"eval", model_, right, "--max-seq-len", "10"}, ExitCode::data,
               "right.jsonl:1:1: the record has");
  expect_error({"eval", model_, write("bad.jsonl", "{\"prompt\": 1}")}, ExitCode::data, "bad.jsonl:1:");
}

TEST_F(ModelCommandsTest, Inspect) {
  const auto page = run_genesis({"inspect", model_, "--tensors"});
  EXPECT_EQ(page.code, 0) << page.err;
  EXPECT_NE(page.out.find("family       qwen1 (model_type qwen)"), std::string::npos) << page.out;
  EXPECT_NE(page.out.find("every one there in its shape"), std::string::npos) << page.out;
  EXPECT_NE(page.out.find("transformer.h.1.attn.c_attn.weight"), std::string::npos) << page.out;
  const auto json = nlohmann::json::parse(
      run_genesis({"inspect", std::string(GENESIS_SOURCE_DIR) + "/configs/qwen1/qwen1_7B.yaml", "--json"})
          .out);
  EXPECT_EQ(json["parameters"], 7721324544);
  EXPECT_EQ(json["tensors"].size(), 8u * 32 + 3);
  EXPECT_EQ(json["tensors"][0]["shape"], nlohmann::json({151936, 4096}));
  fs::resize_file(folder_ / "m/model.safetensors", 1000);
  expect_error({"inspect", model_}, ExitCode::corrupt_checkpoint, "model.safetensors");
}

TEST_F(ModelCommandsTest, InitThenGenerateThenExport) {
  const auto tokenizer = testing::tiny_tokenizer();
  const std::string config =
      write("tiny.yaml", fmt::format("model_type: qwen\nvocab_size: {}\nhidden_size: 32\n"
                                     "num_hidden_layers: 2\nnum_attention_heads: 2\n"
                                     "hidden_dim: 64\nmax_position_embeddings: 64\n",
                                     tokenizer.vocab_size()));
  const auto init = run_genesis({"init", config, "--out", path("new"), "--tokenizer", model_, "--seed", "7"});
  EXPECT_EQ(init.code, 0) << init.err;
  EXPECT_NE(init.out.find("parameters, random from seed 7, f32"), std::string::npos) << init.out;
  EXPECT_EQ(run_genesis({"generate", path("new"), "--prompt", "a", "--max-new-tokens", "3"}).code, 0);
  const auto out = run_genesis({"export", path("new"), path("exported"), "--naming", "qwen1.5", "--dtype",
                                "bf16", "--max-shard-size", "10KB"});
  EXPECT_EQ(out.code, 0) << out.err;
  EXPECT_NE(out.out.find("bit for bit the same; rounding to bf16 moved a logit by at most"),
            std::string::npos)
      << out.out;
  EXPECT_EQ(run_genesis({"generate", path("exported"), "--prompt", "a", "--max-new-tokens", "3"}).code, 0);
  EXPECT_EQ(run_genesis({"init", path("exported") + "/config.json", path("again"), "--dtype", "bf16"}).code,
            0);
  expect_error({"init", config, path("again")}, ExitCode::config, "again: exists already");
}

TEST_F(ModelCommandsTest, MissingFilesAndWrongWords) {
  expect_error({"generate", path("none"), "--prompt", "a"}, ExitCode::config,
               "none: there is no such model folder");
  expect_error({"chat", folder_.path().string()}, ExitCode::config,
               "holds neither config.json nor a checkpoint");
  expect_error({"chat", model_ + "/config.json"}, ExitCode::config, "config.json: is a file");
  expect_error({"eval", model_, path("none.jsonl"), "--exact-match"}, ExitCode::data, "none.jsonl");
  expect_error({"generate", model_, "--prompt", "a", "--top-p", "2"}, ExitCode::config, "'top_p' is 2");
  expect_error({"generate", model_, "--prompt", "a", "--max-new-tokens", "0"}, ExitCode::config,
               "--max-new-tokens is 0");
  expect_error({"generate", model_, "--template", "llama", "--prompt", "a"}, ExitCode::config,
               "template 'llama' is unknown");
  expect_error({"export", model_, path("x"), "--max-shard-size", "4XB"}, ExitCode::config,
               "'4XB' is not a size");
  expect_error({"init", path("none.yaml"), path("x")}, ExitCode::config, "none.yaml: there is no such file");
  const std::string yaml = write("bad.yaml", "vocab_size: 100\nhidden_sice: 32\n");
  expect_error({"init", yaml, path("x")}, ExitCode::config, "bad.yaml:2: key 'hidden_sice'");
}

TEST_F(ModelCommandsTest, WhatDoesNotFitIsNamed) {
  fs::remove(fs::path(model_) / "qwen.tiktoken");
  expect_error({"generate", model_, "--prompt", "a"}, ExitCode::data, "holds none of qwen.tiktoken");
  std::string tokens;
  for (int b = 0; b < 256; ++b) tokens.push_back(char(b));
  const auto large = testing::tiny_tokenizer();
  fs::create_directories(folder_ / "small");
  models::QwenConfig small = testing::tiny_config(large);
  small.vocab_size = 256;
  testing::write_model(folder_ / "small", models::QwenModel(small), large);
  expect_error({"generate", path("small"), "--prompt", "a"}, ExitCode::config,
               "token <|im_end|> has id " + std::to_string(large.im_end_id()) + ", but the model has 256");
  fs::resize_file(folder_ / "small/model.safetensors", 1000);
  expect_error({"generate", path("small"), "--prompt", "a", "--tokenizer", path("small")}, ExitCode::config,
               "embedding rows");
  const std::string cut = testing::write_bigram_model(folder_ / "cut").string();
  fs::resize_file(folder_ / "cut/model.safetensors", 1000);
  expect_error({"generate", cut, "--prompt", "a"}, ExitCode::corrupt_checkpoint, "model.safetensors");
}

TEST_F(ModelCommandsTest, BadLinesAndLongPromptsAreNamed) {
  expect_error({"generate", model_, "--json"}, ExitCode::data,
               "<stdin>:2: ", "{\"prompt\": \"a\"}\n{\"prompt\": 1}\n");
  expect_error({"generate", model_}, ExitCode::data, "<stdin>: the prompt has", std::string(500, '1'));
  expect_error({"generate", model_, "--json", "--prompt", "a"}, ExitCode::config,
               "--json reads its prompts from stdin");
  expect_error({"chat", model_, "--prompt", std::string(500, '1')}, ExitCode::data,
               "the model's context is 128");
}

}  // namespace
}  // namespace genesis::trainer
