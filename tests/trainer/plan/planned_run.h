#pragma once
#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <string>

#include "tests/support/tiny_run.h"
#include "trainer/config/print.h"
#include "trainer/plan/plan_input.h"
#include "trainer/train/data_setup.h"
#include "trainer/train/model_setup.h"

namespace genesis::trainer::testing {

using genesis::testing::TinyRun;

inline PlanInput planned(const TrainConfig& c, int ranks) {
  return plan_input(c, find_model(c).config, ranks);
}

/// A run whose rows all have the same length, so that the plan's assumption holds.
class EvenRun {
 public:
  static constexpr int64_t kRows = 24;
  /// `weighted`: the answers of every other record weigh twice those of the others.
  explicit EvenRun(bool weighted = false) {
    nlohmann::json record{{"conversations",
                           {{{"from", "user"}, {"value", "What is it?"}},
                            {{"from", "assistant"}, {"value", "It is " + std::string(20, 'x')}}}}};
    std::string text;
    for (int i = 0; i < kRows; ++i) {
      if (weighted) record["conversations"][1]["weight"] = 1 + i % 2;
      text += record.dump() + "\n";
    }
    data_ = run_.folder().write("even.jsonl", text).string();
  }
  TrainConfig config(const std::string& name) const {
    TrainConfig c = run_.config(name);
    c.dataset = {data_};
    c.max_steps = 2;
    c.loss_on = LossOn::all;
    c.model.hidden_size = 64;
    c.model.hidden_dim = 160;
    c.model.num_hidden_layers = 3;
    c.per_device_train_batch_size = 4;
    c.global_batch_size = 8;
    return c;
  }
  /// Tokens of a row of `c`: its model's family says how a conversation is written.
  int64_t length(const TrainConfig& c) const {
    const auto tokenizer = load_tokenizer(find_model(c));
    return load_data(c, tokenizer)->rows.tokens(0);
  }
  /// A config under this run's folder, written as `name`.
  std::string write(const TrainConfig& c, const std::string& name) const {
    return run_.folder().write(name, write_resolved(c)).string();
  }
  /// Peaks of the measured process, ranks summed, since before the model was made.
  MemoryStats measure(const TrainConfig& c, int ranks) const {
    reset_peak_memory();
    before_ = memory_stats();
    parallel::LocalGroup::run(ranks, [&](parallel::Communicator& group) { run_training(c, 1, group); });
    return memory_stats();
  }
  int64_t grown(const MemoryStats& after, MemoryCategory c) const {
    return after.peak[size_t(c)] - before_.current[size_t(c)];
  }

 private:
  TinyRun run_;
  std::string data_;
  mutable MemoryStats before_;
};

/// Layout and settings of a run whose bytes and memory are compared with the plan.
struct PlannedRun {
  int dp = 1, tp = 1;
  bool sequence = false;
  int64_t zero = 0, kv_heads = 4;
  Precision precision = Precision::fp32;
  GradientCheckpointing checkpointing = GradientCheckpointing::none;
  GradientDType reduce = GradientDType::f32;
  Deterministic deterministic = Deterministic::standard;
  bool qk_norm = false;
  int64_t overlap = -1;

  int ranks() const { return dp * tp; }
  std::string name() const {
    return fmt::format("{}x{}-{}-{}-{}-{}-{}-{}-{}-{}-{}", dp, tp, sequence, zero, kv_heads, int(precision),
                       int(checkpointing), int(reduce), int(deterministic), qk_norm, overlap);
  }
  TrainConfig config(const EvenRun& run) const {
    TrainConfig c = run.config(name());
    c.model.model_type = qk_norm ? QwenFamily::qwen3 : QwenFamily::qwen15;
    c.model.num_attention_heads = 4;
    c.model.num_key_value_heads = kv_heads;
    c.tensor_parallel_size = tp;
    c.sequence_parallel = sequence;
    c.tensor_parallel_overlap = overlap;
    c.zero_stage = zero;
    c.precision = precision;
    c.gradient_checkpointing = checkpointing;
    c.gradient_reduce_dtype = reduce;
    c.deterministic = deterministic;
    c.ddp_bucket_cap_mb = 0.03;
    c.per_device_train_batch_size = 2;
    c.global_batch_size = 8;
    return c;
  }
};

}  // namespace genesis::trainer::testing
