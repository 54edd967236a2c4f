#include "data/sampler/step_plan.h"

#include <algorithm>

#include "kernels/core/check.h"

namespace genesis::data {

void BatchShape::check() const {
  GENESIS_CHECK(micro_batch_size >= 1 && accumulation >= 1 && ranks >= 1, "micro_batch_size ",
                micro_batch_size, ", accumulation ", accumulation, " and ranks ", ranks,
                " must be at least 1");
}

StepPlan::StepPlan(const SampleRows& rows, const SampleOrder& order, const BatchShape& shape, int64_t end)
    : rows_(rows), order_(order), shape_(shape), end_(end) {
  shape_.check();
  GENESIS_CHECK(rows.size() == order.size(), "the order is over ", order.size(), " rows, there are ",
                rows.size());
}

int64_t StepPlan::rows_of_step(int64_t consumed) const {
  GENESIS_CHECK(consumed >= 0, "consumed rows ", consumed, " is negative");
  return std::clamp<int64_t>(end_ - consumed, 0, shape_.global_batch_size());
}

std::vector<int64_t> StepPlan::samples(int64_t consumed, int64_t micro_step, int64_t rank) const {
  GENESIS_CHECK(micro_step >= 0 && micro_step < shape_.accumulation, "micro-step ", micro_step, " of ",
                shape_.accumulation);
  GENESIS_CHECK(rank >= 0 && rank < shape_.ranks, "rank ", rank, " of ", shape_.ranks);
  const int64_t rows = rows_of_step(consumed);
  const int64_t first = (micro_step * shape_.ranks + rank) * shape_.micro_batch_size;
  std::vector<int64_t> out;
  for (int64_t i = first; i < std::min(first + shape_.micro_batch_size, rows); ++i) {
    const auto row = rows_.samples(row_at(consumed + i));
    out.insert(out.end(), row.begin(), row.end());
  }
  return out;
}

std::vector<int64_t> StepPlan::row(int64_t consumed, int64_t index) const {
  GENESIS_CHECK(index >= 0 && index < shape_.global_batch_size(), "row ", index, " of a step of ",
                shape_.global_batch_size());
  if (index >= rows_of_step(consumed)) return {};
  const auto samples = rows_.samples(order_.at(consumed + index));
  return {samples.begin(), samples.end()};
}

StepTotals StepPlan::totals(int64_t consumed) const {
  StepTotals totals;
  totals.rows = rows_of_step(consumed);
  for (int64_t i = 0; i < totals.rows; ++i) {
    const int64_t row = row_at(consumed + i);
    totals.tokens += rows_.tokens(row);
    totals.supervised += rows_.supervised(row);
    totals.weight += rows_.weight(row);
  }
  return totals;
}

int64_t StepPlan::steps_left(int64_t consumed) const {
  GENESIS_CHECK(end_ != kEndless, "an endless plan has no number of steps");
  const int64_t size = shape_.global_batch_size();
  return (std::max<int64_t>(0, end_ - consumed) + size - 1) / size;
}

}  // namespace genesis::data
