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
constexpr int64_t kLibraryAttention = int64_t{512} << 20,
                  kLibraryRows = 512;  // kernels/cuda/library_attention.cpp

bool is_sharded(const PlanInput& in) { return in.zero_stage >= 1 && in.data_parallel() > 1; }

DType gradient_of(const PlanInput& in) {
  return in.parameter_dtype() == DType::bf16 ? in.gradient_dtype : DType::f32;
}

/// Whether matrices are kept in bf16 with masters beside them (trainer/train/optimizer_setup.cpp).
bool keeps_masters(const PlanInput& in) {
  return in.precision == Precision::bf16_mixed &&
         (in.zero_stage >= 1 || in.master_weights == MasterForm::split || is_offloaded(in));
}

/// Type a parameter's value is kept in.
DType kept_as(const PlanInput& in, const Shape& shape) {
  return keeps_masters(in) && shape.size() == 2 ? DType::bf16 : in.parameter_dtype();
}

std::vector<models::ParameterSpec> parameters_of(const PlanInput& in) {
  return models::parameter_layout(in.model, {.rank = 0, .size = in.tensor_parallel});
}

/// The head's on a card: a chunk of logits, its supervised rows gathered and their gradients, a second
/// gradient of the hidden states where answers have several weights, and the copy of the weight's gradient
/// that its product is tuned into at first.
int64_t card_head_bytes(const PlanInput& in) {
  const int64_t vocabulary = in.model.vocab_size / in.tensor_parallel, b = size_of(in.compute_dtype()),
                h = in.model.n_embd;
  const int64_t rows = std::min(kCardRows, std::max<int64_t>(1, in.supervised_tokens()));
  return b * (rows * (vocabulary + 2 * h) + in.tokens() * h) + vocabulary * h * size_of(gradient_of(in));
}

/// What cuDNN may ask for in a backward pass that repeats bit for bit: a pair of numbers for every two rows
/// that meet, or an f32 gradient of the queries, and statistics as it wants them. An upper bound, since plans
/// differ from version to version.
int64_t card_attention_bytes(const PlanInput& in) {
  if (in.compute_dtype() == DType::f32 || in.tokens() < kLibraryRows) return 0;
  const int64_t heads = in.model.n_head / in.tensor_parallel, n = in.tokens();
  return std::min(kLibraryAttention, 2 * heads * n * in.row_tokens + 4 * heads * n * in.model.head_dim) +
         4 * heads * n;
}

/// Beside each other, or one after the other, whichever is more: the library of products keeps its own while
/// head or attention run.
int64_t passing_bytes(const PlanInput& in) {
  if (in.device == Device::cuda)
    return kCardProducts + std::max(card_head_bytes(in), card_attention_bytes(in));
  const int64_t vocabulary = in.model.vocab_size / in.tensor_parallel;
  return std::min(std::max(kLogitsRows * vocabulary * 4, kLogitsChunk),
                  std::max<int64_t>(1, in.supervised_tokens()) * vocabulary * 4);
}

/// What passes by, copies of weights in the compute type, staging of narrow reductions.
int64_t workspace_bytes(const PlanInput& in, const std::vector<parallel::ParameterSize>& sizes) {
  int64_t bytes = passing_bytes(in);
  if (is_offloaded(in)) bytes += kOffloadWindow;
  if (in.precision == Precision::bf16_mixed && !keeps_masters(in)) {
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
  for (const auto& p : parameters_of(in))
    sizes.push_back({.count = numel_of(p.shape),
                     .gradient = gradient_of(in),
                     .weight = is_sharded(in) ? kept_as(in, p.shape) : gradient_of(in)});
  return sizes;
}

std::vector<parallel::BucketShape> planned_buckets(const PlanInput& in) {
  return parallel::bucket_layout(parameter_sizes(in), in.bucket_bytes,
                                 is_sharded(in) ? in.data_parallel() : 1);
}

bool is_offloaded(const PlanInput& in) { return in.offload_optimizer && in.device == Device::cuda; }

StateBytes optimizer_state(const PlanInput& in) {
  const auto parameters = parameters_of(in);
  std::vector<int64_t> own(parameters.size());  // elements
  if (is_sharded(in)) {                         // rank 0 has the fewest padding elements
    for (const auto& s : parallel::owned_slices(planned_buckets(in), 0, in.data_parallel()))
      own[s.parameter] += s.end - s.begin;
  } else {
    for (size_t i = 0; i < own.size(); ++i) own[i] = numel_of(parameters[i].shape);
  }
  StateBytes state;
  for (size_t i = 0; i < own.size(); ++i) {
    state.moments += 2 * own[i] * size_of(in.parameter_dtype());
    if (kept_as(in, parameters[i].shape) != in.parameter_dtype())
      state.masters += own[i] * (in.master_weights == MasterForm::split ? 2 : size_of(in.parameter_dtype()));
  }
  return state;
}

int64_t MemoryPlan::total() const { return std::accumulate(bytes.begin(), bytes.end(), int64_t{0}); }

MemoryPlan plan_memory(const PlanInput& in) {
  const auto sizes = parameter_sizes(in);
  const auto buckets = planned_buckets(in);
  int64_t weights = 0, gradients = 0;
  for (const auto& p : parameters_of(in)) weights += numel_of(p.shape) * size_of(kept_as(in, p.shape));
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
  const StateBytes state = optimizer_state(in);
  plan.bytes[size_t(MemoryCategory::optimizer)] = is_offloaded(in) ? 0 : state.moments + state.masters;
  plan.bytes[size_t(MemoryCategory::activations)] = pass.activations;
  plan.bytes[size_t(MemoryCategory::workspace)] = workspace_bytes(in, sizes);
  return plan;
}

}  // namespace genesis::trainer
