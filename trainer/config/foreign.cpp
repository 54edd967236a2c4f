#include "trainer/config/foreign.h"

namespace genesis::trainer {
namespace {

using Values = std::vector<std::pair<std::string, std::string>>;

const Values kIgnored = {{"*", ""}};
const char* const kFullOnly = "Genesis trains all weights; LoRA and adapters are not part of it";
const char* const kOwnSharding = "sharding is said by tensor_parallel_size and zero_stage";

// Keys of other trainers, from what a user has in hand when coming over; sources in docs/config.md.
const std::vector<ForeignKey> kTrain = {
    {"bf16", {"precision"}, {{"true", "bf16-mixed"}, {"false", ""}}, "see precision"},
    {"fp16", {"precision"}, {{"true", "fp16-mixed"}, {"false", ""}}, "see precision"},
    {"pure_bf16", {"precision"}, {{"true", "bf16-true"}, {"false", ""}}, "see precision"},
    {"dtype",
     {"precision"},
     {{"bf16", "bf16-true"}, {"bfloat16", "bf16-true"}, {"fp32", "fp32"}, {"float32", "fp32"}},
     "see precision"},
    {"assistant_only_loss", {"loss_on"}, {{"true", "assistant"}, {"false", "all"}}, "see loss_on"},
    {"train_on_prompt", {"loss_on"}, {{"true", "all"}, {"false", "assistant"}}, "see loss_on"},
    {"train_on_input", {"loss_on"}, {{"true", "all"}, {"false", "assistant"}}, "see loss_on"},
    {"dataset.train_on_input", {"loss_on"}, {{"true", "all"}, {"false", "assistant"}}, "see loss_on"},
    {"train_on_inputs", {"loss_on"}, {{"true", "all"}, {"false", "assistant"}}, "see loss_on"},
    {"mask_prompt", {"loss_on"}, {{"true", "assistant"}, {"false", "all"}}, "see loss_on"},
    {"roles_to_train", {"loss_on"}, {{"assistant", "assistant"}}, "only the assistant's turns; see loss_on"},
    {"mask_history", {"loss_on"}, {{"true", "last_turn"}, {"false", ""}}, "see loss_on"},
    {"auto_resume_from_checkpoints", {"resume_from_checkpoint"}, {{"true", "auto"}, {"false", ""}}, ""},
    {"load_step", {"resume_from_checkpoint"}, {{"-1", "auto"}}, "name the folder in resume_from_checkpoint"},
    {"split", {}, {}, "hold out evaluation data with val_size or eval_dataset"},
    {"chat_template_path",
     {},
     {},
     "put chat_template.jinja into the model's folder and leave template at auto"},
    {"deepspeed", {}, {}, kOwnSharding},
    {"fsdp", {}, {{"", ""}}, kOwnSharding},
    {"lora_r", {}, {}, kFullOnly},
    {"lora_rank", {}, {}, kFullOnly},
    {"lora_alpha", {}, {}, kFullOnly},
    {"lora_dropout", {}, {}, kFullOnly},
    {"lora_target", {}, {}, kFullOnly},
    {"lora_target_modules", {}, {}, kFullOnly},
    {"use_lora", {}, {{"false", ""}}, kFullOnly},
    {"q_lora", {}, {{"false", ""}}, kFullOnly},
    {"finetuning_type", {}, {{"full", ""}}, kFullOnly},
    {"adapter", {}, {{"", ""}}, kFullOnly},
    {"stage", {}, {{"sft", ""}}, "Genesis does supervised fine-tuning"},
    {"do_train", {}, {{"true", ""}}, "to evaluate alone, use `genesis eval`"},
    {"do_eval", {}, kIgnored, ""},
    {"optim", {}, {{"adamw_torch", ""}, {"adamw_torch_fused", ""}, {"adamw", ""}}, "the optimizer is AdamW"},
    {"optimizer",
     {},
     {{"adamw_torch", ""}, {"adamw_torch_fused", ""}, {"adamw", ""}},
     "the optimizer is AdamW"},
    {"save_strategy", {}, {{"steps", ""}}, "see save_steps"},
    {"eval_strategy", {}, {{"steps", ""}, {"no", ""}, {"false", ""}}, "see eval_steps"},
    {"evaluation_strategy", {}, {{"steps", ""}, {"no", ""}, {"false", ""}}, "see eval_steps"},
    {"report_to", {}, {{"none", ""}, {"", ""}}, "figures are written to metrics.jsonl in output_dir"},
    {"trust_remote_code", {}, kIgnored, ""},
    {"lazy_preprocess", {}, kIgnored, ""},
    {"use_fast_tokenizer", {}, kIgnored, ""},
    {"flash_attn", {}, kIgnored, ""},
    {"flash_attention", {}, kIgnored, ""},
    {"ddp_timeout", {}, kIgnored, ""},
    {"dataloader_num_workers", {}, kIgnored, ""},
    {"dataloader_pin_memory", {}, kIgnored, ""},
    {"preprocessing_num_workers", {}, kIgnored, ""},
    {"overwrite_cache", {}, kIgnored, ""},
    {"remove_unused_columns", {}, kIgnored, ""},
    {"plot_loss", {}, kIgnored, ""},
};

// Words of config.json and of older model files.
const std::vector<ForeignKey> kModel = {
    {"no_bias", {"bias"}, {{"true", "false"}, {"false", "true"}}, "true or false"},
    {"qwen3_compatiable", {"model_type"}, {{"true", "qwen3"}, {"false", ""}}, "see model_type"},
    {"qwen3_compatible", {"model_type"}, {{"true", "qwen3"}, {"false", ""}}, "see model_type"},
    {"rotary_pct", {}, {{"1", ""}, {"1.0", ""}}, "the whole head rotates"},
    {"scale_attn_weights", {}, {{"true", ""}}, "scores are always scaled"},
    {"hidden_act", {}, {{"silu", ""}}, "the activation is SiLU"},
    {"use_sliding_window", {}, {{"false", ""}}, "attention is full"},
    {"resid_pdrop", {}, {{"0", ""}, {"0.0", ""}}, "there is no dropout on the residual stream"},
};

const std::vector<std::string> kModelIgnored = {"architectures",  "auto_map",
                                                "bf16",           "fp16",
                                                "fp32",           "dtype",
                                                "torch_dtype",    "use_cache",
                                                "use_flash_attn", "transformers_version",
                                                "onnx_safe",      "bos_token_id",
                                                "eos_token_id",   "tokenizer_class",
                                                "tokenizer_type", "softmax_in_fp32",
                                                "sliding_window", "max_window_layers"};

const ForeignKey* find_in(const std::vector<ForeignKey>& rows, std::string_view name) {
  for (const auto& row : rows)
    if (row.name == name) return &row;
  return nullptr;
}

}  // namespace

const ForeignKey* find_foreign(std::string_view name, Scope scope) {
  if (scope == Scope::train) {
    if (const auto* row = find_in(kTrain, name)) return row;
    return find_in(kModel, name);
  }
  static const std::vector<ForeignKey> ignored = [] {
    std::vector<ForeignKey> rows;
    for (const auto& word : kModelIgnored) rows.push_back({word, {}, kIgnored, ""});
    return rows;
  }();
  if (const auto* row = find_in(kModel, name)) return row;
  return find_in(ignored, name);
}

}  // namespace genesis::trainer
