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
                                            {&mesh.tp(), layout.sequence_parallel, {layout.overlap}})),
      gradients_(
          model_->named_parameters(), mesh.dp(),
          {.bucket_bytes = 1 << 14, .reduction = {.scatter = layout.zero_stage >= 1}, .kept_as = {}}),
      optimizer_(gradients_, options) {}

std::vector<GoldenBatch> SplitRun::dealt(const Array& ids, const Array& labels) const {
  const int64_t length = ids.dim(-1), rows = ids.numel() / length,
                count = mesh_.dp().size() * int64_t(layout_.accumulation);
  const Array id = ids.view({rows, length}), label = labels.view({rows, length});
  std::vector<GoldenBatch> batches(static_cast<size_t>(count));
  for (int64_t i = 0; i < count; ++i) {
    const int64_t begin = rows * i / count, end = rows * (i + 1) / count;
    if (begin < end) batches[size_t(i)] = golden_rows(id.slice(0, begin, end), label.slice(0, begin, end));
  }
  return batches;
}

SplitRun::Gradient SplitRun::backward(const std::vector<GoldenBatch>& micro_batches) {
  Gradient result;
  for (const GoldenBatch& batch : micro_batches) result.supervised += batch.supervised;
  optimizer_.adamw().zero_grad();
  double loss = 0;
  for (int micro = 0; micro < layout_.accumulation; ++micro) {
    const size_t own = size_t(mesh_.dp().rank() * layout_.accumulation + micro);
    gradients_.set_last_micro_step(micro + 1 == layout_.accumulation);
    if (own >= micro_batches.size() || micro_batches[own].supervised == 0) continue;
    const Tensor sum = model_->loss_sum(micro_batches[own].tokens, micro_batches[own].targets);
    sum.backward(Array::full(sum.shape(), 1.0 / double(result.supervised), sum.dtype()));
    loss += sum.item();
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
