#include "trainer/config/key.h"

namespace genesis::trainer {
namespace {

using C = TrainConfig;

void add_model_and_data(KeyTable& t) {
  t.group("Model");
  t.add("model_name_or_path", &C::model_name_or_path,
        "Hugging Face folder, or a model YAML (a model from scratch); without it the model keys say "
        "everything")
      .also({"base_model", "checkpoint_dir", "checkpointer.checkpoint_dir", "load"});
  t.add("tokenizer", &C::tokenizer,
        "qwen.tiktoken or the folder that holds it; by default the model's folder")
      .also({"tokenizer_name_or_path", "tokenizer_name", "tokenizer_path"});

  t.group("Data");
  t.add("dataset", &C::dataset, "Training files: JSON, JSON Lines or prepared shards")
      .also({"data_path", "dataset_name", "dataset.source", "dataset.data_files", "datasets",
             "datasets[].path", "data.json_path"});
  t.add("eval_dataset", &C::eval_dataset, "Evaluation files")
      .also({"eval_data_path", "dataset_val", "dataset_val.source", "dataset_val.data_files", "test_datasets",
             "test_datasets[].path"});
  t.add("val_size", &C::val_size,
        "Held out from `dataset` for evaluation: a share below 1, or a number of samples")
      .at_least(0)
      .also({"val_set_size", "data.val_split_fraction"});
  t.add("template", &C::chat_template,
        "Chat format; auto: the template that the model's folder brings, else that of its family")
      .also({"chat_template", "prompt_template", "prompt_style"});
  t.add("loss_on", &C::loss_on,
        "Tokens with loss: the answers and their <|im_end|>, every token, or the official Qwen-1 recipe's "
        "mask");
  t.add("max_seq_len", &C::max_seq_len, "Longest sample, in tokens")
      .at_least(2)
      .also({"max_length", "cutoff_len", "model_max_length", "tokenizer.max_seq_len", "sequence_len",
             "max_seq_length", "seq_length"});
  t.add("truncation", &C::truncation,
        "A sample of more than max_seq_len tokens: stop, leave it out, keep its first tokens, or its first "
        "whole "
        "turns")
      .also({"on_too_long"});
  t.add("packing", &C::packing, "Lay several samples in one row; attention never crosses between them")
      .also({"neat_packing", "sample_packing", "dataset.packed"});
  t.add("group_by_length", &C::group_by_length,
        "Without packing: rows of similar length share a step, so that ranks take equally long");
  t.add("dataset_format", &C::dataset_format, "What the records look like; auto asks each file's first one");
  t.add("dataset_weights", &C::dataset_weights,
        "One number for each entry of `dataset`: how often an epoch sees its samples (0.5: half of them)")
      .above(0)
      .also({"mixing_weights", "interleave_probs"});
  t.add(
      "parse_special", &C::parse_special,
      "Special forms written in contents, such as <|im_end|>, become their tokens; otherwise they are text");
  t.add("on_bad_record", &C::on_bad_record, "A record that cannot be used: stop, or count it and go on");
  t.add("max_bad_records", &C::max_bad_records, "With on_bad_record: skip, more bad records than this stop")
      .at_least(0);
  t.add("audit", &C::audit, "Findings of the data audit: stop, say them, or do not look")
      .also({"data_audit"});
  t.add("dataset_cache_dir", &C::dataset_cache_dir,
        "Folder of tokenised datasets; by default dataset_cache in output_dir")
      .also({"dataset_prepared_path", "tokenized_path"});
  t.add("dataloader_prefetch_factor", &C::dataloader_prefetch_factor,
        "Micro-batches a rank makes ahead on a thread of its own; 0 makes them when they are needed")
      .at_least(0)
      .at_most(1024);
}

void add_batch_and_length(KeyTable& t) {
  t.group("Batch and length");
  t.add("global_batch_size", &C::global_batch_size,
        "Rows of one optimizer step over all ranks; any two of the three batch keys give the third")
      .at_least(1)
      .at_most(1 << 24);
  t.add("per_device_train_batch_size", &C::per_device_train_batch_size,
        "Rows of one forward pass of one rank")
      .at_least(1)
      .at_most(1 << 24)
      .also({"micro_batch_size", "batch_size"});
  t.add("gradient_accumulation_steps", &C::gradient_accumulation_steps,
        "Forward passes of one optimizer step")
      .at_least(1)
      .at_most(1 << 24);
  t.add("per_device_eval_batch_size", &C::per_device_eval_batch_size,
        "Rows of one forward pass when evaluating")
      .at_least(1)
      .at_most(1 << 24);
  t.add("num_train_epochs", &C::num_train_epochs, "Passes over the training data")
      .above(0)
      .also({"epochs", "num_epochs"});
  t.add("max_steps", &C::max_steps, "Optimizer steps; -1 leaves it to num_train_epochs")
      .at_least(-1)
      .also({"train_iters"});
}

void add_optimizer(KeyTable& t) {
  t.group("Optimizer");
  t.add("learning_rate", &C::learning_rate, "Peak learning rate").at_least(0).also({"lr", "optimizer.lr"});
  t.add("lr_scheduler_type", &C::lr_scheduler_type, "Decay after warm-up")
      .also({"lr_scheduler", "lr_decay_style"});
  t.add("min_lr_ratio", &C::min_lr_ratio, "Learning rate at the end, as a share of the peak")
      .at_least(0)
      .at_most(1);
  t.add("warmup_ratio", &C::warmup_ratio, "Share of the steps that warm up").at_least(0).below(1);
  t.add("warmup_steps", &C::warmup_steps, "Steps that warm up (below 1: read as warmup_ratio)")
      .at_least(0)
      .also({"lr_warmup_steps", "lr_warmup_iters"});
  t.add("weight_decay", &C::weight_decay, "Decoupled weight decay").at_least(0);
  t.add("weight_decay_on", &C::weight_decay_on, "What decays: matrices only, or norms and biases as well");
  t.add("adam_beta1", &C::adam_beta1, "Decay of AdamW's first moment").at_least(0).below(1);
  t.add("adam_beta2", &C::adam_beta2, "Decay of AdamW's second moment").at_least(0).below(1);
  t.add("adam_epsilon", &C::adam_epsilon, "Added to AdamW's denominator").above(0);
  t.add("max_grad_norm", &C::max_grad_norm, "Clip the gradient's global norm to this; 0 does not clip")
      .at_least(0)
      .also({"clip_grad_norm", "max_norm", "clip_grad", "gradient_clipping"});
  t.add("seed", &C::seed, "Seed of initialisation, sample order and dropout").at_least(0);
}

void add_machine(KeyTable& t) {
  t.group("Numbers and machine");
  t.add("precision", &C::precision,
        "*-mixed keeps f32 master weights; bf16-true keeps bf16 weights and moments");
  t.add("tf32", &C::tf32,
        "With fp32 on a GPU, matrix products round their factors to TF32 (10 bits): by tensor cores, no "
        "longer f32");
  t.add("gradient_checkpointing", &C::gradient_checkpointing,
        "Recompute in backward to save memory: norms and the MLP's activation, also its gate and up, whole "
        "blocks; auto: what fits")
      .also({"enable_activation_checkpointing", "recompute_granularity"});
  t.add("gradient_checkpointing_layers", &C::gradient_checkpointing_layers,
        "Blocks it applies to, from the first on; -1: all")
      .at_least(-1)
      .also({"recompute_num_layers"});
  t.add("gradient_checkpointing_rest", &C::gradient_checkpointing_rest,
        "What the other blocks recompute: a cheaper policy");
  t.add("cuda_graphs", &C::cuda_graphs,
        "On a GPU, start each block of a training pass as one recorded graph; auto: with packing, where a "
        "block's "
        "products take less time than giving away its kernels");
  t.add("offload_optimizer", &C::offload_optimizer,
        "On a GPU, moments and masters live in the host's memory and pass by in the update; the same bits");
  t.add("master_weights", &C::master_weights,
        "How bf16-mixed keeps its f32 masters: whole, or as the 16 bits the bf16 weight lacks (2 bytes a "
        "parameter less, the same bits)");
  t.add("gradient_dtype", &C::gradient_dtype,
        "Type gradients are kept in; bf16, with bf16-true, makes 8 bytes a parameter in all");
  t.add("deterministic", &C::deterministic, "full: bit-identical whatever the number of ranks");
  t.add("device", &C::device, "Where to compute");
  t.add("threads", &C::threads, "CPU threads of a rank; 0 takes the rank's share of the allowed cores")
      .at_least(0);
  t.add("tensor_parallel_size", &C::tensor_parallel_size, "Ranks that share one copy of the model")
      .at_least(1)
      .at_most(1 << 16)
      .also({"tensor_parallel_dim", "tensor_parallel_degree"});
  t.add("sequence_parallel", &C::sequence_parallel,
        "Between the projections, ranks that share a model hold their own rows of the residual stream");
  t.add(
       "tensor_parallel_overlap", &C::tensor_parallel_overlap,
       "Chunks of rows in which ranks that share a model exchange activations while they compute: 1 overlaps "
       "in backward alone, 0 nothing; -1 chooses")
      .at_least(-1)
      .at_most(64)
      .also({"tp_comm_overlap"});
  t.add("mesh_order", &C::mesh_order,
        "Neighbouring ranks share a model (tp) or see different data (dp); or every rank once, 0,2,1,3");
  t.add("zero_stage", &C::zero_stage, "1 shards the optimizer state over the data-parallel ranks")
      .at_least(0);
  t.add("ddp_bucket_cap_mb", &C::ddp_bucket_cap_mb, "Gradients are reduced in buckets of this many MiB")
      .above(0);
  t.add("gradient_reduce_dtype", &C::gradient_reduce_dtype,
        "Type gradients travel in between ranks; bf16 halves the bytes and rounds each rank's part once");
}

void add_output(KeyTable& t) {
  t.group("Output");
  t.add("output_dir", &C::output_dir, "Folder of checkpoints, metrics.jsonl and summary.json")
      .also({"out_dir", "save"});
  t.add("save_steps", &C::save_steps, "Steps between checkpoints; 0 saves only at the end")
      .at_least(0)
      .also({"save_every_n_steps", "save_interval"});
  t.add("save_total_limit", &C::save_total_limit, "Checkpoints to keep; 0 keeps all")
      .at_least(0)
      .also({"keep_last_n_checkpoints", "keep_latest_k"});
  t.add("save_best", &C::save_best,
        "Also save at the lowest evaluation loss, and never remove that checkpoint");
  t.add("save_on_exit", &C::save_on_exit, "Save when the run ends or is asked to end, whatever save_steps");
  t.add("on_save_error", &C::on_save_error,
        "A checkpoint that cannot be written: warn and go on, or stop; the last one of a run always stops");
  t.add("resume_from_checkpoint", &C::resume_from_checkpoint,
        "auto (the newest good one in output_dir, if any), none, or a checkpoint's folder")
      .also({"resume"});
  t.add("resume_strict", &C::resume_strict,
        "Stop when the newest checkpoint is damaged, instead of going back to the one before");
  t.add("logging_steps", &C::logging_steps, "Steps between lines of metrics.jsonl")
      .at_least(1)
      .also({"log_every_n_steps", "log_interval"});
  t.add("eval_steps", &C::eval_steps, "Steps between evaluations; 0 evaluates only at the end").at_least(0);
  t.add("profile", &C::profile, "Print where the time goes, by operation");
  t.add("anomaly", &C::anomaly, "Stop at the first operation that makes a NaN or Inf (slow)")
      .also({"detect_anomaly"});
  t.add(
      "debug", &C::debug,
      "anomaly, profile, a memory report after the first step, and on a GPU every kernel waited for (slow)");
}

void add_control(KeyTable& t) {
  t.group("Control");
  t.add("hang_timeout_seconds", &C::hang_timeout_seconds,
        "End the job when a rank gives no sign of life, or nobody makes progress, for this long; 0 never")
      .at_least(0);
  t.add("setup_timeout_seconds", &C::setup_timeout_seconds,
        "The same for a rank that others wait for while it starts or saves")
      .at_least(0);
  t.add("on_nonfinite", &C::on_nonfinite,
        "A NaN or Inf in loss or gradient: stop, or leave that update out on every rank");
  t.add("max_skipped_steps", &C::max_skipped_steps, "Updates left out in a row before the run stops")
      .at_least(1);
  t.add(
      "on_loss_spike", &C::on_loss_spike,
      "A loss of loss_spike_factor times the recent median: say so, leave the update out, or go back to the "
      "last checkpoint and skip the data since");
  t.add("loss_spike_factor", &C::loss_spike_factor, "What counts as a spike; 0 does not look for them")
      .at_least(0);
  t.add("replica_check_steps", &C::replica_check_steps,
        "Steps between comparisons of the ranks' weights, which name a corrupted rank; 0 never")
      .at_least(0);
}

}  // namespace

void add_train_keys(KeyTable& table) {
  add_model_and_data(table);
  add_batch_and_length(table);
  add_optimizer(table);
  add_machine(table);
  add_output(table);
  add_control(table);
}

}  // namespace genesis::trainer
