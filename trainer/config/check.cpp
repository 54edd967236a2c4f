#include "trainer/config/check.h"

#include <filesystem>
#include <string_view>

#include "kernels/core/cuda/runtime.h"
#include "kernels/core/error.h"
#include "kernels/core/run.h"
#include "trainer/config/model_file.h"

namespace genesis::trainer {
namespace {

namespace fs = std::filesystem;

void refuse_both(const TrainConfig& c, const char* a, const char* b) {
  throw ConfigError("{} conflicts with {}: give one of them", c.about(a), c.about(b));
}

void check_device(const TrainConfig& c) {
  if (c.device == DeviceChoice::cuda && !kernels::kHasCuda)
    throw ConfigError("{} is cuda, but this build has no CUDA", c.about("device"));
  if (c.device == DeviceChoice::cpu && c.precision == Precision::fp16_mixed)
    throw ConfigError("{} is fp16-mixed, which needs a GPU; use bf16-mixed or fp32 with device: cpu",
                      c.about("precision"));
}

void check_model_keys(const TrainConfig& c) {
  if (c.model_name_or_path.empty() || names_model_file(c.model_name_or_path)) return;
  ModelSection shape = c.model;
  shape.attn_dropout_prob.reset();  // dropout is a matter of training, not of the checkpoint
  shape.emb_dropout_prob.reset();
  if (shape.empty()) return;
  for (const auto& [key, where] : c.origins.where)
    if (is_model_key(key) && !key.ends_with("_dropout_prob"))
      throw ConfigError("{} conflicts with {}: config.json in that folder says it", c.about(key),
                        c.about("model_name_or_path"));
  throw ConfigError("model keys conflict with {}: config.json in that folder says them",
                    c.about("model_name_or_path"));
}

void require_path(const TrainConfig& c, const char* key, const std::string& path) {
  std::error_code problem;
  if (!fs::exists(path, problem))
    throw ConfigError("{}: there is no '{}'{}", c.about(key), path,
                      problem ? " (" + problem.message() + ")" : std::string());
}

/// Keys whose other values belong to parts this release does not have: better refused than ignored.
void check_supported(const TrainConfig& c) {
  if (c.precision == Precision::fp16_mixed && !cuda::probe().usable)
    throw ConfigError("{} is fp16-mixed, which needs a GPU ({}); use bf16-mixed or fp32",
                      c.about("precision"), cuda::probe().found);
}

}  // namespace

void check_config(const TrainConfig& c) {
  if (c.warmup_steps > 0 && c.warmup_ratio > 0) refuse_both(c, "warmup_steps", "warmup_ratio");
  if (!c.eval_dataset.empty() && c.val_size > 0) refuse_both(c, "val_size", "eval_dataset");
  if (c.max_steps == 0) throw ConfigError("{} is 0, must be -1 or >= 1", c.about("max_steps"));
  if (c.zero_stage > 1)
    throw ConfigError("{} is {}: stages 0 and 1 exist (1 shards the optimizer state)", c.about("zero_stage"),
                      c.zero_stage);
  for (const double weight : c.dataset_weights)
    if (c.val_size > 0 && weight > 1)
      throw ConfigError("{} conflicts with {}: a sample seen twice could be on both sides",
                        c.about("val_size"), c.about("dataset_weights"));
  if (c.deterministic == Deterministic::full && c.gradient_reduce_dtype != GradientDType::f32)
    throw ConfigError(
        "{} conflicts with {}: rounding each rank's part would make results depend on the number of ranks",
        c.about("gradient_reduce_dtype"), c.about("deterministic"));
  if (c.gradient_dtype == GradientDType::bf16 && c.precision != Precision::bf16_true)
    throw ConfigError(
        "{} is bf16, which needs precision bf16-true: f32 masters are updated from f32 gradients",
        c.about("gradient_dtype"));
  if (c.master_weights == MasterForm::split && c.precision != Precision::bf16_mixed)
    throw ConfigError(
        "{} is split, which needs precision bf16-mixed: {} keeps no f32 masters beside bf16 weights",
        c.about("master_weights"), spelling_of(c.precision));
  if (c.gradient_dtype == GradientDType::bf16 && c.deterministic == Deterministic::full)
    throw ConfigError("{} conflicts with {}: sums rounded to bf16 depend on their order",
                      c.about("gradient_dtype"), c.about("deterministic"));
  if (c.gradient_checkpointing_layers >= 0 && (c.gradient_checkpointing == GradientCheckpointing::none ||
                                               c.gradient_checkpointing == GradientCheckpointing::fit))
    throw ConfigError("{} says how many blocks {} applies to, which names none",
                      c.about("gradient_checkpointing_layers"), c.about("gradient_checkpointing"));
  if (c.gradient_checkpointing_rest != GradientCheckpointing::none &&
      (c.gradient_checkpointing_layers < 0 || c.gradient_checkpointing_rest >= c.gradient_checkpointing))
    throw ConfigError("{} is for the blocks that {} with {} leaves, and must be cheaper",
                      c.about("gradient_checkpointing_rest"), c.about("gradient_checkpointing"),
                      c.about("gradient_checkpointing_layers"));
  if (c.deterministic == Deterministic::full && c.tensor_parallel_size > 1)
    throw ConfigError("{} conflicts with {}: a matrix product that is split is summed in another order",
                      c.about("tensor_parallel_size"), c.about("deterministic"));
  check_device(c);
  check_model_keys(c);
}

void check_ready_to_train(const TrainConfig& c) {
  check_supported(c);
  if (c.model_name_or_path.empty() && c.model.empty())
    throw ConfigError("{} is missing: name a Hugging Face folder or a model YAML, or give the model keys",
                      c.about("model_name_or_path"));
  if (!c.model_name_or_path.empty()) require_path(c, "model_name_or_path", c.model_name_or_path);
  if (!c.tokenizer.empty()) require_path(c, "tokenizer", c.tokenizer);
  if (c.tokenizer.empty() && (c.model_name_or_path.empty() || names_model_file(c.model_name_or_path)))
    throw ConfigError("{} is missing: a model from scratch has no folder to take it from",
                      c.about("tokenizer"));
  if (c.dataset.empty()) throw ConfigError("{} is missing", c.about("dataset"));
  for (const char* key : {"dataset", "eval_dataset"})
    for (const auto& path : key == std::string_view("dataset") ? c.dataset : c.eval_dataset)
      if (path.find_first_of("*?[") == std::string::npos)
        require_path(c, key, path);  // patterns: dataset_files
  if (c.output_dir.empty()) throw ConfigError("{} is missing", c.about("output_dir"));
  if (c.resume_from_checkpoint != "auto" && c.resume_from_checkpoint != "none")
    require_path(c, "resume_from_checkpoint", c.resume_from_checkpoint);
}

}  // namespace genesis::trainer
