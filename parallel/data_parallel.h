#pragma once
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "autograd/tensor.h"
#include "parallel/bucket_layout.h"
#include "parallel/communicator.h"
#include "parallel/gradient_reduction.h"

namespace genesis::parallel {

struct DataParallelOptions {
  /// Gradients are summed in groups of about this size: large enough to run at memory speed, small enough
  /// that the first one leaves early. A parameter that is larger has a bucket to itself.
  int64_t bucket_bytes = int64_t{8} << 20;
  /// Gradients of bf16 parameters are kept in bf16: each contribution is rounded as it is added.
  bool narrow_gradients = false;
  /// How buckets are summed. With `scatter` a gradient is complete only where owned_slices() says so.
  GradientReductionOptions reduction = {};
  /// Type a parameter's value is kept in from then on, and gathered in (ZeRO); undefined: its own. A narrower
  /// one makes the optimizer keep masters (parallel/zero/sharded_optimizer.h).
  std::function<DType(const Tensor&)> kept_as = {};
};

/// Replicas of one model, one per rank, whose gradients are summed over the ranks while backward still runs.
///   gradient of a parameter = sum over ranks of the gradients of all backward() since zero_grad()
/// The sum is plain: the caller scales each loss by 1 / (supervised tokens of the whole step, all ranks).
///
/// Gradients live in flat buffers ("buckets") in reverse order of the parameters, since backward meets the
/// last ones first. A bucket's all_reduce starts on the communication thread when the last of its gradients
/// is complete and the buckets before it have started, so every rank makes the same calls in the same order,
/// whatever completes first.
///
/// A step:  zero gradients;  for each micro-batch: set_last_micro_step(last); loss.backward();  finish();
/// clip; update.
///   Only the last backward() of a step communicates. A rank whose last micro-batch has no supervised token
///   (or uses not every parameter) still calls finish(), which hands in zeros for what is missing.
/// Types: buckets in f32 (f64 for f64 parameters; bf16 where the options say so).  Memory: one gradient per
/// parameter, no copy for communication. Errors: genesis::Error for a second backward() after the last
/// micro-step, for no parameters, and from the
///   communicator. Determinism: bitwise at a fixed number of ranks.
class DataParallel {
 public:
  using NamedParameter = std::pair<std::string, Tensor>;

  /// `parameters` in the order the model uses them; those that require no gradient are left out. Collective:
  /// all ranks pass the same. `group` outlives this object.
  DataParallel(const std::vector<NamedParameter>& parameters, Communicator& group,
               DataParallelOptions options = {});
  ~DataParallel();
  DataParallel(const DataParallel&) = delete;
  DataParallel& operator=(const DataParallel&) = delete;

  /// Whether the next backward() is the last of its step. True from the start and after finish().
  void set_last_micro_step(bool last);

  /// Gives every parameter that has no gradient one of zeros.
  void fill_missing();

  /// Hands in what backward did not, and returns when every gradient holds its sum. Collective, once per
  /// step.
  void finish();

  /// Sum of squares of each parameter's whole gradient, in the order of parameters(), after finish(); it is
  /// finite exactly when every element is. Collective where sums are scattered.
  /// `tensor_group`: the ranks that share the model this is a part of; each element of the whole counts once,
  /// whether it is split or on every rank (owned_elements). Collective over it.
  std::vector<double> gradient_squares(Communicator* tensor_group = nullptr) const;

  /// The same numbers where the gradients are, f64 [parameters]; the host waits for nothing. Not for
  /// ReduceOp::tree_sum, whose exact sums are made on the host.
  Array gradient_square_sums(Communicator* tensor_group = nullptr) const;

  /// Bytes the communicator logs for the gradients of a step; 0 for a group of one.
  int64_t bytes_per_step() const;
  int64_t bucket_count() const;
  /// The parameters that require a gradient, in the order given.
  const std::vector<NamedParameter>& parameters() const;
  DType kept_as(size_t parameter) const;  ///< DataParallelOptions::kept_as of parameters()[parameter]
  const std::vector<BucketShape>& buckets() const;
  const std::vector<Array>& flats() const;  ///< [buckets] where the gradients lie
  const GradientReductionOptions& reduction() const;
  Communicator& group() const;
  /// Whether each rank holds the sums of its owned_slices() only.
  bool is_scattered() const;

 private:
  struct State;
  std::vector<std::pair<size_t, Array>> owned_gradients(Communicator* tensor_group) const;
  std::shared_ptr<State> state_;  // shared with the hooks, which do nothing once it is gone
};

/// Gives every rank the values of `root`. Collective.
void broadcast_parameters(const std::vector<DataParallel::NamedParameter>& parameters, Communicator& group,
                          int root = 0);

}  // namespace genesis::parallel
