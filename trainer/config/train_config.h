#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "trainer/config/choices.h"
#include "trainer/config/model_section.h"

namespace genesis::trainer {

/// Where each key was given ("sft.yaml:3" or "command line"), for messages that come later than parsing.
/// Not part of the value: two configs that say the same are equal wherever they were written.
struct ConfigOrigins {
  std::map<std::string, std::string> where;
  bool operator==(const ConfigOrigins&) const { return true; }
};

/// What a training run was asked to do: the keys of docs/config.md under their own names. The initial values
/// are the defaults; trainer/config/train_keys.cpp says what each key means and allows.
struct TrainConfig {
  std::string model_name_or_path;  ///< Hugging Face folder or model YAML; empty: the model keys alone
  ModelSection model;
  std::string tokenizer;  ///< qwen.tiktoken or its folder; empty: the model's folder

  std::vector<std::string> dataset;
  std::vector<std::string> eval_dataset;
  double val_size = 0;  ///< share (< 1) or number (>= 1) of training samples held out for evaluation
  ChatTemplateName chat_template = ChatTemplateName::automatic;  ///< key `template`
  LossOn loss_on = LossOn::assistant;
  int64_t max_seq_len = 2048;
  Truncation truncation = Truncation::error;
  DatasetFormat dataset_format = DatasetFormat::automatic;
  std::vector<double> dataset_weights;  ///< one per entry of `dataset`: how often an epoch sees its samples
  bool parse_special = false;
  OnBadRecord on_bad_record = OnBadRecord::stop;
  int64_t max_bad_records = 100;
  AuditPolicy audit = AuditPolicy::warn;
  std::string dataset_cache_dir;  ///< empty: OUTPUT_DIR/dataset_cache
  bool group_by_length = false;
  bool packing = false;
  int64_t dataloader_prefetch_factor = 2;  ///< micro-batches made ahead; 0: none

  // Any two of these determine the third (plan_batch).
  std::optional<int64_t> global_batch_size;
  std::optional<int64_t> per_device_train_batch_size;
  std::optional<int64_t> gradient_accumulation_steps;
  std::optional<int64_t> per_device_eval_batch_size;  ///< absent: as in training

  double num_train_epochs = 3;
  int64_t max_steps = -1;  ///< -1: as many as num_train_epochs gives; otherwise it decides alone
  double learning_rate = 1e-5;
  LrSchedulerType lr_scheduler_type = LrSchedulerType::cosine;
  double min_lr_ratio = 0;
  double warmup_ratio = 0;
  int64_t warmup_steps = 0;  ///< at most one of warmup_ratio and warmup_steps is not 0
  double weight_decay = 0.1;
  DecayOn weight_decay_on = DecayOn::matrices;
  double adam_beta1 = 0.9;
  double adam_beta2 = 0.95;
  double adam_epsilon = 1e-8;
  double max_grad_norm = 1.0;  ///< 0: no clipping
  int64_t seed = 42;

  Precision precision = Precision::fp32;
  bool tf32 = false;  ///< products of fp32 on a card
  GradientCheckpointing gradient_checkpointing = GradientCheckpointing::none;
  int64_t gradient_checkpointing_layers = -1;  ///< the first blocks it applies to; -1: all
  GradientCheckpointing gradient_checkpointing_rest = GradientCheckpointing::none;  ///< of the other blocks
  CudaGraphs cuda_graphs = CudaGraphs::automatic;
  Deterministic deterministic = Deterministic::standard;
  DeviceChoice device = DeviceChoice::automatic;
  int64_t threads = 0;  ///< per rank; 0: cores of the affinity mask / local ranks
  int64_t tensor_parallel_size = 1;
  bool sequence_parallel = true;  ///< of the ranks that share a model; nothing with tensor_parallel_size 1
  int64_t tensor_parallel_overlap = -1;  ///< chunks of rows (parallel::RowOverlap); -1: by row_overlap()
  std::string mesh_order = "tp";         ///< "tp", "dp" or every rank once
  int64_t zero_stage = 0;
  double ddp_bucket_cap_mb = 8;
  GradientDType gradient_reduce_dtype = GradientDType::f32;
  bool offload_optimizer = false;
  MasterForm master_weights = MasterForm::f32;        ///< split: with bf16-mixed alone
  GradientDType gradient_dtype = GradientDType::f32;  ///< bf16: with bf16-true alone

  std::string output_dir;
  int64_t save_steps = 500;      ///< 0: only at the end
  int64_t save_total_limit = 3;  ///< 0: keep all
  bool save_best = false;        ///< also save, and keep, the step of the lowest evaluation loss
  bool save_on_exit = true;      ///< save when the run ends or is asked to
  OnSaveError on_save_error = OnSaveError::warn;
  std::string resume_from_checkpoint = "auto";  ///< "auto", "none" or a checkpoint's folder
  bool resume_strict = false;                   ///< a damaged newest checkpoint stops the run
  int64_t logging_steps = 1;
  int64_t eval_steps = 500;  ///< 0: only at the end
  bool profile = false;
  bool anomaly = false;
  bool debug = false;

  double hang_timeout_seconds = 60;  ///< 0: no watchdog
  double setup_timeout_seconds = 1800;
  OnNonfinite on_nonfinite = OnNonfinite::stop;
  int64_t max_skipped_steps = 10;  ///< in a row
  OnLossSpike on_loss_spike = OnLossSpike::warn;
  double loss_spike_factor = 10;    ///< times the median of recent losses; 0: not looked for
  int64_t replica_check_steps = 0;  ///< 0: never

  ConfigOrigins origins;

  bool operator==(const TrainConfig&) const = default;

  /// "sft.yaml:3: key 'dataset'", or "key 'dataset'" when it was not given: how every message about a key
  /// starts.
  std::string about(const std::string& key) const;
};

}  // namespace genesis::trainer
