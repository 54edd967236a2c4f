#include "trainer/config/check.h"

#include <fmt/core.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "tests/trainer/config/config_text.h"

namespace genesis::trainer {
namespace {

class ReadyToTrain : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = fmt::format("{}ready_to_train_{}/", testing::TempDir(), ::getpid());
    std::filesystem::create_directories(folder_ + "model");
    for (const char* name : {"train.json", "qwen.tiktoken"}) std::ofstream(folder_ + name) << "x";
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string complete() const {
    return "model_name_or_path: " + folder_ + "model\ndataset: " + folder_ + "train.json\noutput_dir: out\n";
  }
  static std::string message(const std::string& text) {
    return config_error([&] { check_ready_to_train(config_of(text)); });
  }

  std::string folder_;
};

TEST_F(ReadyToTrain, ACompleteConfigIs) {
  EXPECT_NO_THROW(check_ready_to_train(config_of(complete())));
  EXPECT_NO_THROW(
      check_ready_to_train(config_of(complete() + "zero_stage: 1\nresume_from_checkpoint: none")));
}

TEST_F(ReadyToTrain, WhatIsMissingIsNamed) {
  EXPECT_EQ(message("dataset: x"),
            "key 'model_name_or_path' is missing: name a Hugging Face folder or a model YAML, or give the "
            "model keys");
  EXPECT_EQ(message("model_name_or_path: " + folder_ + "model"), "key 'dataset' is missing");
  EXPECT_EQ(message("model_name_or_path: " + folder_ + "model\ndataset: " + folder_ + "train.json"),
            "key 'output_dir' is missing");
  EXPECT_EQ(message("n_layer: 2\ndataset: x"),
            "key 'tokenizer' is missing: a model from scratch has no folder to take it from");
}

TEST_F(ReadyToTrain, APathThatIsNotThereIsNamedWithItsKey) {
  EXPECT_EQ(message("model_name_or_path: /no/model"),
            "sft.yaml:1: key 'model_name_or_path': there is no '/no/model'");
  EXPECT_EQ(message(complete() + "eval_dataset: [no.json]"),
            "sft.yaml:4: key 'eval_dataset': there is no 'no.json'");
  EXPECT_EQ(message(complete() + "resume_from_checkpoint: no/checkpoint-3"),
            "sft.yaml:4: key 'resume_from_checkpoint': there is no 'no/checkpoint-3'");
  EXPECT_EQ(message("tokenizer: no.tiktoken\nn_layer: 2"),
            "sft.yaml:1: key 'tokenizer': there is no 'no.tiktoken'");
}

TEST_F(ReadyToTrain, WhatThisReleaseCannotDoIsRefusedNotIgnored) {
  EXPECT_NE(message(complete() + "deterministic: full\ntensor_parallel_size: 2").find("conflicts with"),
            std::string::npos);
  EXPECT_NE(message(complete() + "precision: fp16-mixed").find("needs a GPU"), std::string::npos);
  for (const std::string keys : {"gradient_checkpointing: full\n",
                                 "gradient_checkpointing: selective\ngradient_checkpointing_layers: 1\n"})
    EXPECT_NE(message(complete() + keys + "gradient_checkpointing_rest: selective").find("must be cheaper"),
              std::string::npos)
        << keys;
}

}  // namespace
}  // namespace genesis::trainer
