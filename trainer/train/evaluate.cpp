#include "trainer/train/evaluate.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "autograd/autocast.h"
#include "autograd/grad_mode.h"
#include "data/batch/batch.h"
#include "trainer/control/progress.h"
#include "trainer/train/batch_loss.h"

namespace genesis::trainer {
namespace {

/// Dropout off while it lives.
struct EvalMode {
  explicit EvalMode(nn::Module& m) : module(m), was_training(m.is_training()) { module.eval(); }
  ~EvalMode() { module.train(was_training); }
  nn::Module& module;
  bool was_training;
};

}  // namespace

double EvalResult::perplexity() const { return std::exp(loss); }

EvalResult evaluate(models::QwenModel& model, const data::SampleStore& samples, int64_t rows,
                    const PrecisionPlan& precision, parallel::Communicator& ranks) {
  const PhaseScope phase(Phase::evaluate);
  no_grad quiet;
  EvalMode mode(model);
  autocast cast(precision.autocast ? precision.compute : DType::bf16, precision.autocast);
  double loss_sum = 0, weight = 0;
  int64_t supervised = 0;
  for (int64_t begin = rows * ranks.rank(); begin < samples.size(); begin += rows * ranks.size()) {
    std::vector<int64_t> block(size_t(std::min(rows, samples.size() - begin)));
    std::iota(block.begin(), block.end(), begin);
    const data::Batch batch = data::build_batch(samples, block);
    note_progress();
    if (batch.supervised == 0) continue;
    loss_sum += batch_loss_sum(model, batch).item();
    supervised += batch.supervised;
    weight += batch.weight;
  }
  EvalResult result;
  result.supervised = ranks.all_reduce_value(supervised);
  const double all = ranks.all_reduce_value(weight);
  result.loss = ranks.all_reduce_value(loss_sum) / (all > 0 ? all : 1);
  return result;
}

}  // namespace genesis::trainer
