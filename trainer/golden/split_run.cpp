#include "trainer/golden/split_run.h"

#include <cmath>

#include "parallel/gather_shards.h"
#include "parallel/shard.h"

namespace genesis::trainer {

SplitRun::SplitRun(const GoldenCase& reference, const parallel::Mesh& mesh, const GoldenLayout& layout,
                   const optim::AdamWOptions& options)
    : mesh_(mesh),
      layout_(layout),
      model_(models::QwenModel::from_folder(reference.folder(), DType::f32,
                                            {&mesh.tp(), layout.sequence_parallel})),
      gradients_(
          model_->named_parameters(), mesh.dp(),
          {.bucket_bytes = 1 << 14, .reduction = {.scatter = layout.zero_stage >= 1}, .gathered_as = {}}),
      optimizer_(gradients_, options) {}

SplitRun::Gradient SplitRun::backward(const std::vector<GoldenBatch>& rows) {
  Gradient result;
  for (const GoldenBatch& row : rows) result.supervised += row.supervised;
  optimizer_.adamw().zero_grad();
  const int64_t count = int64_t(rows.size()), micro_batches = layout_.accumulation,
                cells = mesh_.dp().size() * micro_batches;
  double loss = 0;
  for (int64_t micro = 0; micro < micro_batches; ++micro) {
    const int64_t cell = mesh_.dp().rank() * micro_batches + micro;
    const int64_t begin = count * cell / cells, end = count * (cell + 1) / cells;
    // Rows differ in nothing but their place, so the last of a cell stands for its micro-batch's end.
    for (int64_t i = begin; i < end; ++i) {
      gradients_.set_last_micro_step(micro + 1 == micro_batches && i + 1 == end);
      if (rows[size_t(i)].supervised == 0) continue;
      const Tensor sum = model_->loss_sum(rows[size_t(i)].tokens, rows[size_t(i)].targets);
      sum.backward(Array::full(sum.shape(), 1.0 / double(result.supervised), sum.dtype()));
      loss += sum.item();
    }
  }
  gradients_.finish();
  result.loss = mesh_.dp().all_reduce_value(loss) / double(result.supervised);
  double squares = 0;
  for (const double s : gradients_.gradient_squares(&mesh_.tp())) squares += s;
  result.norm = std::sqrt(squares);
  return result;
}

void SplitRun::update(double lr, double grad_scale) {
  optimizer_.adamw().set_lr(lr);
  optimizer_.step(grad_scale);
}

Array SplitRun::whole(const Tensor& parameter, bool gradient) const {
  return parallel::gather_shards(gradient ? parameter.grad() : parameter.value(),
                                 parallel::shard_of(parameter), mesh_.tp());
}

double SplitRun::parameter_norm() const {
  double sum = 0;
  for (const Tensor& p : model_->parameters()) {
    const auto values = p.tolist();
    for (const auto& r : parallel::owned_elements(p))
      for (int64_t i = r.begin; i < r.end; ++i) sum += values[size_t(i)] * values[size_t(i)];
  }
  return std::sqrt(mesh_.tp().all_reduce_value(sum));
}

}  // namespace genesis::trainer
