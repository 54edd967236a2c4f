#pragma once
#include <array>
#include <cstdint>
#include <vector>

#include "kernels/core/memory.h"
#include "parallel/bucket_layout.h"
#include "trainer/plan/plan_input.h"

namespace genesis::trainer {

/// Sizes of the parameters of one rank (of tp rank 0, which has the most), in the model's order.
std::vector<parallel::ParameterSize> parameter_sizes(const PlanInput& input);
/// The buckets a run makes of them.
std::vector<parallel::BucketShape> planned_buckets(const PlanInput& input);

/// Peak bytes of one rank by category (kernels/core/memory.h): parameters, gradients and optimizer state are
/// what the run allocates, to the byte; activations follow from activation_peak(); workspace is an estimate.
struct MemoryPlan {
  std::array<int64_t, kMemoryCategories> bytes{};
  int64_t at(MemoryCategory c) const { return bytes[size_t(c)]; }
  int64_t total() const;
};

/// Bytes a rank keeps beside weights and gradients, wherever they lie: offload_optimizer moves all of it to
/// the host.
struct StateBytes {
  int64_t moments = 0, masters = 0;
};
StateBytes optimizer_state(const PlanInput& input);
bool is_offloaded(const PlanInput& input);

MemoryPlan plan_memory(const PlanInput& input);

}  // namespace genesis::trainer
