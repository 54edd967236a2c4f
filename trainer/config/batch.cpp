#include "trainer/config/batch.h"

#include "kernels/core/error.h"

namespace genesis::trainer {
namespace {

/// global / (known * data_parallel), or an error that shows the product.
int64_t quotient(const TrainConfig& c, int64_t global, const char* known_key, int64_t known,
                 int64_t data_parallel) {
  const int64_t rows = known * data_parallel;
  if (global % rows != 0)
    throw ConfigError("{} is {}, which is not a multiple of {} {} x {} data-parallel ranks = {}",
                      c.about("global_batch_size"), global, known_key, known, data_parallel, rows);
  return global / rows;
}

}  // namespace

BatchPlan plan_batch(const TrainConfig& c, int ranks) {
  if (ranks % c.tensor_parallel_size != 0)
    throw ConfigError("{} is {}, which does not divide the {} ranks of this run",
                      c.about("tensor_parallel_size"), c.tensor_parallel_size, ranks);
  const int64_t data_parallel = ranks / c.tensor_parallel_size;
  if (c.deterministic == Deterministic::full && (data_parallel & (data_parallel - 1)) != 0)
    throw ConfigError(
        "{} is full, which adds gradients by halves: {} data-parallel ranks are no power of two",
        c.about("deterministic"), data_parallel);
  const auto& global = c.global_batch_size;
  const auto& per_device = c.per_device_train_batch_size;
  const auto& accumulation = c.gradient_accumulation_steps;

  BatchPlan plan;
  plan.per_device = per_device.value_or(1);
  plan.accumulation = accumulation.value_or(1);
  if (global && accumulation && !per_device) {
    plan.per_device = quotient(c, *global, "gradient_accumulation_steps", plan.accumulation, data_parallel);
  } else if (global && !accumulation) {
    plan.accumulation = quotient(c, *global, "per_device_train_batch_size", plan.per_device, data_parallel);
  }
  plan.global = plan.per_device * plan.accumulation * data_parallel;
  if (global && plan.global != *global)
    throw ConfigError(
        "{} is {}, but per_device_train_batch_size {} x gradient_accumulation_steps {} x {} data-parallel "
        "ranks is "
        "{}; leave one of the three out",
        c.about("global_batch_size"), *global, plan.per_device, plan.accumulation, data_parallel,
        plan.global);
  return plan;
}

}  // namespace genesis::trainer
