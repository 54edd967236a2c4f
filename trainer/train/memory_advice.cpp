#include "trainer/train/memory_advice.h"

#include <fmt/core.h>

#include "kernels/core/cuda/runtime.h"
#include "kernels/core/memory.h"
#include "trainer/plan/layout_search.h"
#include "trainer/train/model_setup.h"

namespace genesis::trainer {
namespace {

std::string gib(double bytes) { return fmt::format("{:.2f} GiB", bytes / double(1 << 30)); }

}  // namespace

std::string memory_advice(const PlanInput& run, const Machine& card) {
  const Layout asked = evaluate_layout(run, card);
  std::string text = fmt::format("by `genesis plan` this run needs {} of the {} there are",
                                 gib(double(asked.memory.total())), gib(card.memory_bytes));
  // A run that should have fitted needs a plan that leaves more.
  Machine room = card;
  if (asked.fits_with_reserve(card))
    room.memory_bytes = double(asked.memory.total()) + card.reserve_bytes - 1;
  const auto change = smallest_change(run, room);
  if (!change) return text + "; no change of its keys makes it fit";
  return text + fmt::format("; {} would make it fit ({})", change->changes_from(run),
                            gib(double(change->memory.total())));
}

std::string memory_advice(const TrainConfig& config, int ranks) {
  PlanInput in = plan_input(config, find_model(config).config, ranks);
  in.device = Device::cuda;
  const auto [free, total] = cuda::card_memory();
  const Machine card = card_with_memory(double(free + memory_stats(Device::cuda).reserved));
  if (in.checkpointing == GradientCheckpointing::fit) in = with_least_recompute(in, card);
  return memory_advice(in, card);
}

}  // namespace genesis::trainer
