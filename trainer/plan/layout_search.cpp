#include "trainer/plan/layout_search.h"

#include <fmt/core.h>

#include "kernels/core/error.h"
#include "models/config/tensor_split.h"

namespace genesis::trainer {
namespace {

constexpr int kLargestTensorParallel = 8;

bool is_splittable(const models::QwenConfig& model, int size) {
  try {
    models::check_tensor_split(model, size);
    return true;
  } catch (const ConfigError&) {
    return false;
  }
}

/// `in` with another number of rows a micro-batch and the same rows a step; nothing when they do not divide.
std::optional<PlanInput> with_rows(PlanInput in, int64_t global, int tensor_parallel, int64_t rows) {
  if (in.ranks % tensor_parallel != 0 || !is_splittable(in.model, tensor_parallel)) return std::nullopt;
  if (in.tensor_parallel == 1) in.sequence_parallel = true;  // the default where a model is split
  in.tensor_parallel = tensor_parallel;
  if (tensor_parallel == 1) in.sequence_parallel = false;
  const int64_t of_rank = global / in.data_parallel();
  if (of_rank * in.data_parallel() != global || of_rank % rows != 0) return std::nullopt;
  in.rows = rows;
  in.accumulation = of_rank / rows;
  return in;
}

/// It keeps no masters, in any form.
PlanInput with_bf16_true(PlanInput in) {
  in.precision = Precision::bf16_true;
  in.master_weights = MasterForm::f32;
  return in;
}

int changes(const PlanInput& a, const PlanInput& b) {
  return (a.zero_stage != b.zero_stage) + (a.rows != b.rows) + (a.checkpointing != b.checkpointing) +
         (a.checkpointing_layers != b.checkpointing_layers) + (a.checkpointing_rest != b.checkpointing_rest) +
         (a.precision != b.precision) + (a.tensor_parallel != b.tensor_parallel) + (a.ranks != b.ranks);
}

/// A policy of the first blocks, and of the rest.
struct Policies {
  GradientCheckpointing first, rest;
};

PlanInput with_recompute(PlanInput in, const Policies& what, int64_t layers) {
  const bool all = layers == 0 || layers == in.model.n_layer;
  in.checkpointing = layers == 0 ? what.rest : what.first;
  in.checkpointing_layers = all ? -1 : layers;
  in.checkpointing_rest = all ? GradientCheckpointing::none : what.rest;
  return in;
}

/// The fewest blocks the first policy must apply to; nothing when all of them are not enough.
std::optional<PlanInput> fewest_layers(const PlanInput& in, const Policies& policy, double memory_bytes) {
  const auto fits = [&](int64_t layers) {
    return double(plan_memory(with_recompute(in, policy, layers)).total()) <= memory_bytes;
  };
  int64_t low = 0, high = in.model.n_layer;
  if (!fits(high)) return std::nullopt;
  while (low < high) {
    const int64_t middle = (low + high) / 2;
    if (fits(middle))
      high = middle;
    else
      low = middle + 1;
  }
  return with_recompute(in, policy, high);
}

/// Every layout of the same ranks, precision and global batch.
std::vector<PlanInput> alternatives(const PlanInput& in, const Machine& machine) {
  std::vector<PlanInput> all;
  const int64_t global = in.step_rows();
  for (int tp = 1; tp <= kLargestTensorParallel; tp *= 2)
    for (int64_t rows = 1; rows <= global && rows * in.row_tokens <= 65536; rows *= 2) {
      const auto split = with_rows(in, global, tp, rows);
      if (!split) continue;
      for (const int64_t stage : {int64_t{0}, int64_t{1}})
        if (stage == 0 || split->data_parallel() > 1) {
          PlanInput one = *split;
          one.zero_stage = stage;
          all.push_back(with_least_recompute(one, machine));
        }
    }
  return all;
}

}  // namespace

std::string Layout::changes_from(const PlanInput& o) const {
  std::string text;
  const auto add = [&](bool differs, const std::string& what) {
    if (differs) text += (text.empty() ? "" : " ") + what;
  };
  add(input.ranks != o.ranks, fmt::format("--ranks {}", input.ranks));
  add(input.tensor_parallel != o.tensor_parallel,
      fmt::format("tensor_parallel_size={}", input.tensor_parallel));
  add(input.zero_stage != o.zero_stage, fmt::format("zero_stage={}", input.zero_stage));
  add(input.gradient_dtype != o.gradient_dtype, "gradient_dtype=bf16");
  add(input.master_weights != o.master_weights,
      fmt::format("master_weights={}", spelling_of(input.master_weights)));
  add(input.precision != o.precision, fmt::format("precision={}", spelling_of(input.precision)));
  add(input.checkpointing != o.checkpointing,
      fmt::format("gradient_checkpointing={}", spelling_of(input.checkpointing)));
  add(input.checkpointing_layers != o.checkpointing_layers,
      fmt::format("gradient_checkpointing_layers={}", input.checkpointing_layers));
  add(input.checkpointing_rest != o.checkpointing_rest,
      fmt::format("gradient_checkpointing_rest={}", spelling_of(input.checkpointing_rest)));
  add(input.rows != o.rows, fmt::format("per_device_train_batch_size={}", input.rows));
  return text;
}

PlanInput with_least_recompute(const PlanInput& in, const Machine& machine) {
  std::optional<Layout> best;
  for (const double memory : {machine.memory_bytes - machine.reserve_bytes, machine.memory_bytes}) {
    // In the order of what a block costs: of steps as short the one with the cheaper policy is taken.
    using enum GradientCheckpointing;
    for (const Policies& policy : {Policies{selective, none},
                                   {feed_forward, none},
                                   {feed_forward, selective},
                                   {full, none},
                                   {full, selective},
                                   {full, feed_forward}}) {
      const auto found = fewest_layers(in, policy, memory);
      if (!found) continue;
      const Layout layout = evaluate_layout(*found, machine);
      if (!best || layout.time.step() < best->time.step()) best = layout;
      if (layout.input.checkpointing == GradientCheckpointing::none) break;
    }
    if (best) return best->input;
  }
  return with_recompute(in, {GradientCheckpointing::full, GradientCheckpointing::none}, in.model.n_layer);
}

Layout evaluate_layout(const PlanInput& input, const Machine& machine) {
  return {input, plan_memory(input), plan_time(input, machine)};
}

std::optional<Layout> best_layout(const PlanInput& in, const Machine& machine) {
  std::optional<Layout> best;
  for (const PlanInput& one : alternatives(in, machine)) {
    const Layout layout = evaluate_layout(one, machine);
    if (!layout.fits_with_reserve(machine)) continue;
    const double margin = best ? layout.time.step() / best->time.step() - 1 : -1;
    const bool simpler = best && changes(one, in) < changes(best->input, in);
    if (margin < -0.005 || (margin < 0.005 && simpler)) best = layout;
  }
  return best;
}

std::optional<Layout> smallest_change(const PlanInput& in, const Machine& machine) {
  std::vector<PlanInput> one_change;
  const int64_t global = in.step_rows();
  const auto add = [&](auto&& change) {
    PlanInput other = in;
    change(other);
    one_change.push_back(other);
  };
  if (in.zero_stage == 0 && in.data_parallel() > 1) add([](PlanInput& o) { o.zero_stage = 1; });
  if (in.precision == Precision::bf16_mixed &&
      in.master_weights == MasterForm::f32)  // the same run in less memory
    add([](PlanInput& o) { o.master_weights = MasterForm::split; });
  for (int64_t rows = in.rows / 2; rows >= 1; rows /= 2)
    if (const auto split = with_rows(in, global, in.tensor_parallel, rows)) one_change.push_back(*split);
  if (in.checkpointing == GradientCheckpointing::none)
    add([&](PlanInput& o) { o = with_least_recompute(in, machine); });
  if (in.precision == Precision::bf16_true && in.gradient_dtype == DType::f32)
    add([](PlanInput& o) { o.gradient_dtype = DType::bf16; });
  if (in.precision != Precision::bf16_true) add([](PlanInput& o) { o = with_bf16_true(o); });
  for (int tp = 2 * in.tensor_parallel; tp <= kLargestTensorParallel; tp *= 2)
    if (const auto split = with_rows(in, global, tp, in.rows)) one_change.push_back(*split);
  for (const PlanInput& other : one_change)
    if (const Layout layout = evaluate_layout(other, machine); layout.fits_with_reserve(machine))
      return layout;
  if (const auto several = best_layout(in, machine)) return several;
  if (const auto several = best_layout(with_bf16_true(in), machine)) return several;
  // More ranks of the same kind, each with the same micro-batch.
  for (int factor = 2; factor <= 64; factor *= 2) {
    PlanInput more = in;
    more.ranks *= factor;
    more.zero_stage = 1;
    more =
        with_recompute(more, {GradientCheckpointing::full, GradientCheckpointing::none}, more.model.n_layer);
    more.rows = 1;
    more.accumulation = std::max<int64_t>(1, in.rows * in.accumulation / factor);
    for (int tp = in.tensor_parallel; tp <= kLargestTensorParallel; tp *= 2) {
      const auto split = with_rows(more, more.step_rows(), tp, 1);
      if (!split) continue;
      if (const Layout layout = evaluate_layout(*split, machine); layout.fits_with_reserve(machine))
        return layout;
    }
  }
  return std::nullopt;
}

}  // namespace genesis::trainer
