#include "bench/gpu/training_cases.h"

#include <algorithm>
#include <cmath>

#include "bench/gpu/checks.h"
#include "kernels/core/rng.h"
#include "trainer/plan/layout_search.h"

namespace genesis::bench {
namespace {

constexpr double kMeanDocument = 400, kShortestDocument = 40, kAnswerShare = 0.6;
constexpr double kTie = 0.01;  // of planned times: below, the larger micro-batch is taken

/// The rows of a micro-batch whose step is the shortest by plan, with what is recomputed; it leaves the
/// reserve free.
int64_t planned_rows(const TrainingCase& of, trainer::TrainConfig c, double card_bytes) {
  const trainer::Machine card = trainer::card_with_memory(card_bytes);
  c.gradient_checkpointing = trainer::GradientCheckpointing::none;
  int64_t best = 1;
  double shortest = INFINITY;
  for (int64_t rows = 1; *c.global_batch_size % rows == 0; rows *= 2) {
    c.per_device_train_batch_size = rows;
    trainer::PlanInput in = trainer::plan_input(c, of.model(), 1);
    in.device = Device::cuda;
    const auto layout = trainer::evaluate_layout(trainer::with_least_recompute(in, card), card);
    if (!layout.fits_with_reserve(card) && rows > 1) break;
    if (layout.time.step() > (1 + kTie) * shortest) continue;
    shortest = std::min(shortest, layout.time.step());
    best = rows;
  }
  return best;
}

int32_t token(uint64_t stream, uint64_t at, int64_t vocabulary) {
  return int32_t(philox(3, stream, at)[0] % uint32_t(vocabulary));
}

data::MemoryStore make_store(const TrainingCase& of, int64_t steps) {
  const int64_t vocabulary = of.model().vocab_size;
  data::MemoryStore store;
  for (uint64_t sample = 0; store.tokens() < steps * of.step_tokens; ++sample) {
    int64_t length = of.length;
    if (of.documents) {
      const double u = (double(philox(3, 1, sample)[0]) + 1) / 4294967296.0;
      const double mean = of.tiny ? 8 : kMeanDocument, shortest = of.tiny ? 2 : kShortestDocument;
      length = std::clamp(int64_t(shortest - (mean - shortest) * std::log(u)), int64_t{2}, of.length);
    }
    data::LabelledTokens tokens;
    for (int64_t t = 0; t < length; ++t) {
      tokens.ids.push_back(token(2 + sample, uint64_t(t), vocabulary));
      const bool answer = !of.documents || double(t) >= (1 - kAnswerShare) * double(length);
      tokens.labels.push_back(answer ? tokens.ids.back() : data::kIgnoredLabel);
    }
    store.add(tokens);
  }
  return store;
}

double attended(const data::SampleStore& store) {
  double squares = 0;
  for (int64_t i = 0; i < store.size(); ++i) squares += double(store.length(i)) * double(store.length(i));
  return squares / double(store.tokens());
}

}  // namespace

models::QwenConfig TrainingCase::model() const { return shape_of(shape); }

trainer::TrainConfig TrainingCase::config(double card_bytes) const {
  trainer::TrainConfig c;
  c.precision = masters ? trainer::Precision::bf16_mixed : trainer::Precision::bf16_true;
  if (!masters) c.gradient_dtype = trainer::GradientDType::bf16;
  c.gradient_checkpointing = trainer::GradientCheckpointing::fit;
  c.device = trainer::DeviceChoice::cuda;
  c.max_seq_len = length;
  c.packing = documents;
  c.global_batch_size = step_tokens / length;
  c.per_device_train_batch_size = rows > 0 ? rows : planned_rows(*this, c, card_bytes);
  return c;
}

TrainingSamples::TrainingSamples(const TrainingCase& of, int64_t steps)
    : store_(make_store(of, steps)),
      attended_(attended(store_)),
      rows_(of.documents ? data::SampleRows::packed(store_, of.length, 1)
                         : data::SampleRows::one_each(store_)),
      order_(rows_.size(), 1) {}

}  // namespace genesis::bench
