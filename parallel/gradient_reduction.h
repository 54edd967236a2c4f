#pragma once
#include <vector>

#include "parallel/bucket_layout.h"
#include "parallel/communicator.h"

namespace genesis::parallel {

struct GradientReductionOptions {
  /// Each rank gets the sums of its own slice only (ZeRO), by a reduce_scatter; otherwise all of them.
  bool scatter = false;
  /// Type gradients travel in: f32, or bf16: each rank's gradients are rounded once before the sum, which is
  /// made in f32, and the sum once. Buckets of f64 always travel as they are.
  DType dtype = DType::f32;
  /// sum: in rank order. tree_sum: by halves of the ranks (parallel/ordered/).
  ReduceOp op = ReduceOp::sum;
};

/// The collective calls that sum the buckets of a step over the ranks: started one after the other, in the
/// buckets' order, while backward goes on, and finished together.
/// Memory: with dtype bf16 kStages staging buffers as large as the largest bucket; otherwise none, sums are
///   made where the gradients lie.
/// Determinism: bitwise; in the order of `op`, the same for all_reduce and reduce_scatter.
class GradientReduction {
 public:
  static constexpr size_t kStages = 4;

  /// `flats[b]` is bucket b's array [count], from group.shared_buffer(). Collective.
  GradientReduction(Communicator& group, std::vector<BucketShape> buckets, std::vector<Array> flats,
                    GradientReductionOptions options);

  /// Starts the next bucket.
  void start_next();
  size_t started() const { return started_; }
  /// Returns when every started bucket holds its sums, and is ready for another step.
  void finish();

  /// Bytes the log records for a step on one rank (CallRecord::bytes); a function of shapes alone.
  static int64_t logged_bytes(const std::vector<BucketShape>& buckets, int ranks,
                              const GradientReductionOptions& options);

 private:
  bool is_staged(size_t bucket) const;
  Array own_slice(const Array& flat) const;
  void start(size_t bucket);
  void finish_next();

  Communicator& group_;
  std::vector<BucketShape> buckets_;
  std::vector<Array> flats_;
  GradientReductionOptions options_;
  std::vector<Array> stages_;     // [kStages] bf16, or none
  std::vector<Pending> pending_;  // [buckets]
  size_t started_ = 0, finished_ = 0;
};

}  // namespace genesis::parallel
