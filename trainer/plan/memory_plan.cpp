#include "trainer/plan/memory_plan.h"

#include <algorithm>
#include <numeric>

#include "kernels/linear_cross_entropy.h"
#include "models/names/parameter_layout.h"
#include "parallel/gradient_reduction.h"
#include "parallel/ordered/sample_tree.h"
#include "trainer/plan/activation_memory.h"

namespace genesis::trainer {
namespace {

constexpr int64_t kLogitsChunk = int64_t{8} << 20;  // kernels/cpu/linear_cross_entropy.cpp
constexpr int64_t kLogitsRows = 96;
constexpr int64_t kOffloadWindow = int64_t{256} << 20;  // autograd/optim/adamw.cpp
constexpr int64_t kCardRows = 2048;                     // kernels/cuda/linear_cross_entropy.cu
constexpr int64_t kCardProducts = int64_t{32} << 20;    // kernels/cuda/gemm.cpp

bool is_sharded(const PlanInput& in) { return in.zero_stage >= 1 && in.data_parallel() > 1; }

bool is_offloaded(const PlanInput& in) { return in.offload_optimizer && in.device == Device::cuda; }

DType gradient_of(const PlanInput& in) {
  return in.parameter_dtype() == DType::bf16 ? in.gradient_dtype : DType::f32;
}

/// Type a parameter's value is gathered in (trainer/train/optimizer_setup.cpp); the gradient's without ZeRO.
DType gathered_as(const PlanInput& in, const Shape& shape) {
  if (!is_sharded(in)) return gradient_of(in);
  const bool narrow = in.precision == Precision::bf16_mixed && shape.size() == 2;
  return narrow ? DType::bf16 : in.parameter_dtype();
}

/// Bytes the largest rank keeps of moments and masters; rank 0 has the fewest padding elements.
int64_t optimizer_bytes(const PlanInput& in, const std::vector<parallel::ParameterSize>& sizes) {
  int64_t elements = 0;
  if (is_sharded(in)) {
    for (const auto& s : parallel::owned_slices(planned_buckets(in), 0, in.data_parallel()))
      elements += s.end - s.begin;
  } else {
    for (const auto& p : sizes) elements += p.count;
  }
  const bool masters = is_sharded(in) && in.precision == Precision::bf16_mixed;
  const int64_t moments = is_offloaded(in) ? 0 : 2;
  return (masters + moments) * elements * size_of(in.parameter_dtype());
}

/// Copies of weights in the compute type, one chunk of logits, staging of narrow reductions.
int64_t workspace_bytes(const PlanInput& in, const std::vector<parallel::ParameterSize>& sizes) {
  const int64_t vocabulary = in.model.vocab_size / in.tensor_parallel;
  int64_t bytes = std::max(kLogitsRows * vocabulary * 4, kLogitsChunk);
  const int64_t window = is_offloaded(in) ? kOffloadWindow : 0;
  if (in.device == Device::cuda)
    bytes = window + kCardRows * vocabulary * size_of(in.compute_dtype()) + kCardProducts;
  bytes = std::min(bytes, std::max<int64_t>(1, in.supervised_tokens()) * vocabulary * 4);
  if (in.precision == Precision::bf16_mixed && !is_sharded(in)) {
    for (const auto& p : sizes) bytes += 2 * p.count;
  }
  if (in.reduce_dtype == DType::bf16 && gradient_of(in) == DType::f32 && in.data_parallel() > 1) {
    const auto buckets = planned_buckets(in);
    int64_t longest = 0;
    for (const auto& b : buckets) longest = std::max(longest, b.count);
    bytes += 2 * longest * int64_t(std::min(parallel::GradientReduction::kStages, buckets.size()));
  }
  return bytes;
}

}  // namespace

std::vector<parallel::ParameterSize> parameter_sizes(const PlanInput& in) {
  std::vector<parallel::ParameterSize> sizes;
  for (const auto& p : models::parameter_layout(in.model, {.rank = 0, .size = in.tensor_parallel}))
    sizes.push_back(
        {.count = numel_of(p.shape), .gradient = gradient_of(in), .weight = gathered_as(in, p.shape)});
  return sizes;
}

std::vector<parallel::BucketShape> planned_buckets(const PlanInput& in) {
  return parallel::bucket_layout(parameter_sizes(in), in.bucket_bytes,
                                 is_sharded(in) ? in.data_parallel() : 1);
}

int64_t MemoryPlan::total() const { return std::accumulate(bytes.begin(), bytes.end(), int64_t{0}); }

MemoryPlan plan_memory(const PlanInput& in) {
  const auto sizes = parameter_sizes(in);
  const auto buckets = planned_buckets(in);
  int64_t weights = 0, gradients = 0;
  for (const auto& p : sizes) weights += p.count * size_of(in.parameter_dtype());
  if (is_sharded(in)) {
    weights = 0;
    for (const auto& b : buckets) weights += b.weight_bytes();
  }
  for (const auto& b : buckets) gradients += b.gradient_bytes();
  if (in.in_sample_order) gradients *= 1 + parallel::tree_depth(in.rows * in.accumulation);
  const ActivationPeak pass = activation_peak(in);
  MemoryPlan plan;
  plan.bytes[size_t(MemoryCategory::parameters)] = weights;
  plan.bytes[size_t(MemoryCategory::gradients)] = gradients + pass.input_gradients;
  plan.bytes[size_t(MemoryCategory::optimizer)] = optimizer_bytes(in, sizes);
  plan.bytes[size_t(MemoryCategory::activations)] = pass.activations;
  plan.bytes[size_t(MemoryCategory::workspace)] = workspace_bytes(in, sizes);
  return plan;
}

}  // namespace genesis::trainer
