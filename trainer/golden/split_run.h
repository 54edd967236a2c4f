#pragma once
#include <memory>

#include "models/qwen/model.h"
#include "parallel/mesh.h"
#include "parallel/zero/sharded_optimizer.h"
#include "trainer/golden/golden_case.h"
#include "trainer/golden/golden_layout.h"

namespace genesis::trainer {

/// A reference's model in training, laid out over ranks.
class SplitRun {
 public:
  /// Collective. Errors: ConfigError for a layout the ranks or the model do not allow.
  SplitRun(const GoldenCase& reference, const parallel::Mesh& mesh, const GoldenLayout& layout,
           const optim::AdamWOptions& options);

  struct Gradient {
    double loss = 0;  ///< mean over the supervised tokens of all rows
    double norm = 0;
    int64_t supervised = 0;
  };
  /// The rows of [..., T] arrays dealt in order to the micro-batches of all ranks; some may get none.
  std::vector<GoldenBatch> dealt(const Array& ids, const Array& labels) const;
  /// Gradients of all micro-batches of all ranks, of which this one computes its own. Collective.
  Gradient backward(const std::vector<GoldenBatch>& micro_batches);
  void update(double lr, double grad_scale);

  models::QwenModel& model() { return *model_; }
  /// A parameter's whole value, or gradient where it is not scattered. Collective.
  Array whole(const Tensor& parameter, bool gradient) const;
  double parameter_norm() const;

 private:
  const parallel::Mesh& mesh_;
  GoldenLayout layout_;
  std::unique_ptr<models::QwenModel> model_;
  parallel::DataParallel gradients_;
  parallel::ShardedOptimizer optimizer_;
};

}  // namespace genesis::trainer
