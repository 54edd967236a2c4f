#include "trainer/config/apply.h"

#include "tests/trainer/config/config_text.h"

namespace genesis::trainer {
namespace {

TEST(Config, ReadsEveryKindOfValue) {
  const auto c = config_of(R"(
model_name_or_path: ./Qwen-1_8B-Chat
dataset: [train.jsonl, more.json]
eval_dataset: dev.jsonl, other.jsonl
template: qwen1.5
loss_on: qwen1
max_seq_len: 512
packing: true
precision: bf16-mixed
learning_rate: 1e-5
lr_scheduler_type: constant
gradient_checkpointing: true
deterministic: full
global_batch_size: 64
max_steps: -1
device: cpu
output_dir: "out/a b"
)");
  EXPECT_EQ(c.model_name_or_path, "./Qwen-1_8B-Chat");
  EXPECT_EQ(c.dataset, (std::vector<std::string>{"train.jsonl", "more.json"}));
  EXPECT_EQ(c.eval_dataset, (std::vector<std::string>{"dev.jsonl", "other.jsonl"}));
  EXPECT_EQ(c.chat_template, ChatTemplateName::qwen15);
  EXPECT_EQ(c.loss_on, LossOn::qwen1);
  EXPECT_EQ(c.max_seq_len, 512);
  EXPECT_TRUE(c.packing);
  EXPECT_EQ(c.precision, Precision::bf16_mixed);
  EXPECT_DOUBLE_EQ(c.learning_rate, 1e-5);
  EXPECT_EQ(c.lr_scheduler_type, LrSchedulerType::constant);
  EXPECT_EQ(c.gradient_checkpointing, GradientCheckpointing::full);
  EXPECT_EQ(c.deterministic, Deterministic::full);
  EXPECT_EQ(c.global_batch_size, 64);
  EXPECT_FALSE(c.per_device_train_batch_size);
  EXPECT_EQ(c.device, DeviceChoice::cpu);
  EXPECT_EQ(c.output_dir, "out/a b");
  EXPECT_EQ(c.about("max_seq_len"), "sft.yaml:7: key 'max_seq_len'");
  EXPECT_EQ(c.about("seed"), "key 'seed'");
}

TEST(Config, UnknownKeyNamesThePlaceAndTheNearestKey) {
  EXPECT_EQ(error_of("seed: 1\n\nlearning_rat: 1e-5\n"),
            "sft.yaml:3: key 'learning_rat' is unknown; did you mean 'learning_rate'?");
  EXPECT_EQ(error_of("xylophone_volume: 3"), "sft.yaml:1: key 'xylophone_volume' is unknown");
  EXPECT_EQ(error_of("", {"epoch=2"}), "command line: key 'epoch' is unknown; did you mean 'epochs'?");
  EXPECT_EQ(error_of("model:\n  hiden_size: 3"),
            "sft.yaml:2: key 'model.hiden_size' is unknown; did you mean 'hidden_size'?");
  EXPECT_EQ(error_of("model:\n  lr_scheduler_type: cosine"),
            "sft.yaml:2: key 'model.lr_scheduler_type' is unknown; it belongs into the training config, not "
            "to the model");
}

TEST(Config, WrongTypesAreErrors) {
  EXPECT_EQ(error_of("learning_rate: abc"), "sft.yaml:1: key 'learning_rate' must be a number, is 'abc'");
  EXPECT_EQ(error_of("learning_rate: nan"), "sft.yaml:1: key 'learning_rate' must be a number, is 'nan'");
  EXPECT_EQ(error_of("learning_rate: 1e-5x"), "sft.yaml:1: key 'learning_rate' must be a number, is '1e-5x'");
  EXPECT_EQ(error_of("learning_rate: '1e-5'"),
            "sft.yaml:1: key 'learning_rate' must be a number, is the text \"1e-5\"");
  EXPECT_EQ(error_of("seed: 1.5"), "sft.yaml:1: key 'seed' must be an integer, is '1.5'");
  EXPECT_EQ(error_of("seed: 99999999999999999999"),
            "sft.yaml:1: key 'seed' must be an integer, is '99999999999999999999'");
  EXPECT_EQ(error_of("packing: 1"), "sft.yaml:1: key 'packing' must be true or false, is '1'");
  EXPECT_EQ(error_of("output_dir: [a, b]"), "sft.yaml:1: key 'output_dir' must be one text, is [a, b]");
  EXPECT_EQ(error_of("learning_rate:"), "sft.yaml:1: key 'learning_rate' has no value");
  EXPECT_EQ(error_of("dataset: a,,b"), "sft.yaml:1: key 'dataset' has an empty item");
  EXPECT_EQ(
      error_of("lr_scheduler_type: cosin"),
      "sft.yaml:1: key 'lr_scheduler_type' is 'cosin', must be one of linear, cosine, constant; did you mean "
      "'cosine'?");
  EXPECT_EQ(error_of("gradient_checkpointing: partial"),
            "sft.yaml:1: key 'gradient_checkpointing' is 'partial', must be one of none, selective, "
            "feed_forward, full, auto");
}

TEST(Config, NumbersOutOfRangeAreErrors) {
  EXPECT_EQ(error_of("learning_rate: -1"), "sft.yaml:1: key 'learning_rate' is -1, must be >= 0");
  EXPECT_EQ(error_of("adam_beta2: 1"), "sft.yaml:1: key 'adam_beta2' is 1, must be >= 0 and < 1");
  EXPECT_EQ(error_of("num_train_epochs: 0"), "sft.yaml:1: key 'num_train_epochs' is 0, must be > 0");
  EXPECT_EQ(error_of("max_steps: 0"), "sft.yaml:1: key 'max_steps' is 0, must be -1 or >= 1");
  EXPECT_EQ(error_of("max_seq_len: 1"), "sft.yaml:1: key 'max_seq_len' is 1, must be >= 2");
  EXPECT_EQ(error_of("zero_stage: 3"),
            "sft.yaml:1: key 'zero_stage' is 3: stages 0 and 1 exist (1 shards the optimizer state)");
}

TEST(Config, AKeyTwiceIsAnErrorAndAnOverrideIsNot) {
  EXPECT_EQ(error_of("seed: 1\nseed: 1\n"), "sft.yaml:2: key 'seed' is given twice (first at sft.yaml:1)");
  EXPECT_EQ(error_of("", {"seed=1", "--seed", "2"}),
            "command line: key 'seed' is given twice (first at command line)");
  EXPECT_EQ(config_of("seed: 1", {"seed=2"}).seed, 2);
  EXPECT_EQ(config_of("learning_rate: 1e-5", {"lr=2e-5"}).learning_rate, 2e-5);
}

TEST(Config, OtherNamesAreAcceptedWithOneLine) {
  std::vector<std::string> notices;
  const auto c = config_of("cutoff_len: 256\noptimizer:\n  lr: 2e-5\ndatasets:\n  - path: a\n  - path: b\n",
                           {}, &notices);
  EXPECT_EQ(c.max_seq_len, 256);
  EXPECT_DOUBLE_EQ(c.learning_rate, 2e-5);
  EXPECT_EQ(c.dataset, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(notices, (std::vector<std::string>{"sft.yaml:1: 'cutoff_len' is read as 'max_seq_len'",
                                               "sft.yaml:3: 'optimizer.lr' is read as 'learning_rate'",
                                               "sft.yaml:5: 'datasets[].path' is read as 'dataset'"}));
}

TEST(Config, TwoNamesOfOneKeyMustAgree) {
  EXPECT_DOUBLE_EQ(config_of("lr: 1e-5\nlearning_rate: 1.0e-5").learning_rate, 1e-5);
  EXPECT_EQ(
      error_of("learning_rate: 1e-5\nlr: 2e-5"),
      "sft.yaml:2: key 'lr' says learning_rate = 2.0e-05, but 'learning_rate' at sft.yaml:1 says 1.0e-05");
  EXPECT_EQ(error_of("precision: fp32\nbf16: true"),
            "sft.yaml:2: key 'bf16' says precision = bf16-mixed, but 'precision' at sft.yaml:1 says fp32");
}

TEST(Config, ValuesOfOtherTrainersAreTranslated) {
  EXPECT_EQ(config_of("bf16: false\nfp16: True").precision, Precision::fp16_mixed);
  EXPECT_EQ(config_of("pure_bf16: true").precision, Precision::bf16_true);
  EXPECT_EQ(config_of("dtype: bf16").precision, Precision::bf16_true);
  EXPECT_EQ(config_of("bf16: false").precision, TrainConfig{}.precision);
  EXPECT_EQ(config_of("train_on_inputs: true").loss_on, LossOn::all);
  EXPECT_EQ(config_of("mask_prompt: true").loss_on, LossOn::assistant);
  EXPECT_EQ(config_of("roles_to_train: [assistant]").loss_on, LossOn::assistant);
  EXPECT_EQ(config_of("lr_scheduler_type: constant_with_warmup").lr_scheduler_type,
            LrSchedulerType::constant);
  EXPECT_EQ(config_of("warmup_steps: 0.03").warmup_ratio, 0.03);
  EXPECT_EQ(config_of("warmup_steps: 0.03").warmup_steps, 0);
  EXPECT_EQ(config_of("warmup_steps: 30").warmup_steps, 30);
  EXPECT_EQ(config_of("resume_from_checkpoint: true").resume_from_checkpoint, "auto");
  EXPECT_EQ(config_of("resume_from_checkpoint: false").resume_from_checkpoint, "none");
  EXPECT_EQ(config_of("resume_from_checkpoint: null").resume_from_checkpoint, "none");
  EXPECT_EQ(config_of("resume: out/checkpoint-3").resume_from_checkpoint, "out/checkpoint-3");
  EXPECT_EQ(
      config_of(
          "optim: adamw_torch\nstage: sft\nfinetuning_type: full\ntrust_remote_code: true\nreport_to: none"),
      TrainConfig{});
}

TEST(Config, WhatOtherTrainersCanAndGenesisCannotIsRefusedWithTheReason) {
  EXPECT_EQ(error_of("lora_r: 8"),
            "sft.yaml:1: key 'lora_r' cannot be '8': Genesis trains all weights; LoRA and adapters are not "
            "part of it");
  EXPECT_EQ(error_of("stage: pt"),
            "sft.yaml:1: key 'stage' cannot be 'pt': Genesis does supervised fine-tuning");
}

TEST(Config, KeysThatContradictEachOtherAreErrors) {
  EXPECT_EQ(error_of("warmup_steps: 10\nwarmup_ratio: 0.1"),
            "sft.yaml:1: key 'warmup_steps' conflicts with sft.yaml:2: key 'warmup_ratio': give one of them");
  EXPECT_EQ(error_of("eval_dataset: a\nval_size: 0.1"),
            "sft.yaml:2: key 'val_size' conflicts with sft.yaml:1: key 'eval_dataset': give one of them");
  EXPECT_NE(
      error_of("device: cpu", {"precision=fp16-mixed"}).find("command line: key 'precision' is fp16-mixed"),
      std::string::npos);
}

TEST(Config, ModelKeysAreReadFlatAndNestedUnderBothSeedsNames) {
  const auto a = config_of("n_layer: 2\nn_head: 4\nn_embd: 64\ncontext_length: 99\nhidden_dim: 128\n").model;
  const auto b = config_of(
                     "model:\n  num_layers: 2\n  num_heads: 4\n  embedding_dim: 64\n  max_seq_len: 99\n  "
                     "hidden_dim: 128")
                     .model;
  EXPECT_EQ(a, b);
  EXPECT_EQ(a.num_hidden_layers, 2);
  EXPECT_EQ(a.max_position_embeddings, 99);
  const auto c = config_of("model:\n  seq_length: 2048\n  no_bias: true\n  dropout: 0.1\nseq_length: 128");
  EXPECT_EQ(c.model.seq_length, 2048);
  EXPECT_EQ(c.model.bias, false);
  EXPECT_EQ(c.model.emb_dropout_prob, 0.1);
  EXPECT_FALSE(c.model.attn_dropout_prob);
  EXPECT_EQ(c.max_seq_len, 128);
}

TEST(Config, ModelKeysBesideACheckpointAreRefusedExceptDropout) {
  EXPECT_EQ(error_of("model_name_or_path: Qwen-7B\nhidden_size: 3"),
            "sft.yaml:2: key 'hidden_size' conflicts with sft.yaml:1: key 'model_name_or_path': config.json "
            "in that "
            "folder says it");
  EXPECT_EQ(config_of("model_name_or_path: Qwen-7B\ndropout: 0.1").model.emb_dropout_prob, 0.1);
}

}  // namespace
}  // namespace genesis::trainer
