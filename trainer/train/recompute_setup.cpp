#include "trainer/train/recompute_setup.h"

#include "kernels/core/cuda/runtime.h"
#include "kernels/core/log.h"
#include "trainer/plan/layout_search.h"

namespace genesis::trainer {
namespace {

/// What fits where this run is.
PlanInput fitting(const models::QwenModel& model, const TrainConfig& config, int ranks) {
  TrainConfig open = config;
  open.gradient_checkpointing = GradientCheckpointing::none;
  PlanInput in = plan_input(open, model.config(), ranks);
  in.device = model.device();
  const Machine machine = in.device == Device::cuda ? card_with_memory(double(cuda::probe().memory_bytes))
                                                    : machine_of("cpu", 0, ranks, 1);
  in = with_least_recompute(in, machine);
  const double total = double(plan_memory(in).total());
  if (total <= machine.memory_bytes && total > machine.memory_bytes - machine.reserve_bytes)
    warn(
        "gradient_checkpointing auto: the plan leaves {:.1f} GB of the card, less than the {:.1f} GB kept "
        "for driver, "
        "libraries and fragments",
        (machine.memory_bytes - total) / 1e9, machine.reserve_bytes / 1e9);
  if (total > machine.memory_bytes)
    warn("gradient_checkpointing auto: the plan needs {:.1f} GB of {:.1f} GB even with `full`", total / 1e9,
         machine.memory_bytes / 1e9);
  notice("gradient_checkpointing auto: {} ({:.1f} GB of {:.1f} GB planned)", in.recompute_text(), total / 1e9,
         machine.memory_bytes / 1e9);
  return in;
}

}  // namespace

models::Recompute recompute_of(GradientCheckpointing policy) {
  switch (policy) {
    case GradientCheckpointing::none:
      return models::Recompute::nothing;
    case GradientCheckpointing::selective:
      return models::Recompute::activation;
    case GradientCheckpointing::feed_forward:
      return models::Recompute::feed_forward;
    case GradientCheckpointing::full:
      return models::Recompute::block;
    case GradientCheckpointing::fit:
      break;
  }
  GENESIS_INVARIANT(false, "a policy that is not chosen yet");
  return {};
}

void set_recompute(models::QwenModel& model, const TrainConfig& config, int ranks) {
  TrainConfig c = config;
  if (c.gradient_checkpointing == GradientCheckpointing::fit) {
    const PlanInput in = fitting(model, config, ranks);
    c.gradient_checkpointing = in.checkpointing;
    c.gradient_checkpointing_layers = in.checkpointing_layers;
    c.gradient_checkpointing_rest = in.checkpointing_rest;
  }
  const int64_t layers = c.gradient_checkpointing_layers;
  model.recompute(recompute_of(c.gradient_checkpointing), layers < 0 ? model.config().n_layer : layers,
                  recompute_of(c.gradient_checkpointing_rest));
}

}  // namespace genesis::trainer
