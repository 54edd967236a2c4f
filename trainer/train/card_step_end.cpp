#include "trainer/train/card_step_end.h"

#include "kernels/core/run.h"
#include "kernels/core/transfer.h"
#include "kernels/owner_sums.h"
#include "kernels/update_decision.h"

namespace genesis::trainer {
namespace {

using kernels::UpdateDecision;

Shape report_shape(const parallel::DataParallel& gradients) {
  return {UpdateDecision::kFields + int64_t(gradients.parameters().size())};
}

Array zeros_on_card(const Shape& shape) {
  const MemoryScope scope(MemoryCategory::workspace);
  return Array::zeros(shape, DType::f64, Device::cuda);
}

/// f64 [1] on the card.
Array sum_of(const std::vector<Tensor>& losses, double factor) {
  const auto count = int64_t(losses.size());
  const Array values = Array::empty({count}, DType::f32, Device::cuda),
              sum = Array::empty({1}, DType::f64, Device::cuda);
  for (int64_t i = 0; i < count; ++i)
    copy_across(losses[size_t(i)].value().view({1}), values.slice(0, i, i + 1));
  kernels::run(kernels::OwnerSums{
      .values = values, .owners = Array::zeros({count}, DType::i64), .sums = sum, .factor = factor});
  return sum;
}

}  // namespace

CardStepEnd::CardStepEnd(parallel::DataParallel& gradients, const parallel::Mesh& ranks,
                         const Options& options)
    : gradients_(gradients),
      ranks_(ranks),
      options_(options),
      parameters_(int64_t(gradients.parameters().size())),
      report_(zeros_on_card(report_shape(gradients))),
      read_{cuda::ReadBack(report_.shape(), DType::f64), cuda::ReadBack(report_.shape(), DType::f64)} {}

Array CardStepEnd::decide(const Sums& sums) {
  GENESIS_INVARIANT(decided_ - seen_ < int64_t(read_.size()),
                    "a decision would be overwritten before it was read");
  const Array decision = report_.slice(0, 0, UpdateDecision::kFields),
              squares = report_.slice(0, UpdateDecision::kFields, report_.numel());
  copy_across(gradients_.gradient_square_sums(&ranks_.tp()), squares);
  const Array loss_sum = sum_of(sums.losses, sums.loss_factor);
  if (ranks_.dp().size() > 1) ranks_.dp().all_reduce(loss_sum);
  kernels::run(UpdateDecision{.squares = squares,
                              .loss_sum = loss_sum,
                              .loss_weight = sums.weight,
                              .unscale = sums.unscale,
                              .max_norm = options_.max_grad_norm,
                              .scaled = options_.scaled,
                              .hold = options_.hold,
                              .decision = decision});
  read_[size_t(decided_++) % read_.size()].start(report_);
  return decision;
}

CardStepEnd::Seen CardStepEnd::read() {
  GENESIS_INVARIANT(seen_ < decided_, "no decision is under way");
  const double* report = read_[size_t(seen_++) % read_.size()].wait().data<double>();
  const double* squares = report + UpdateDecision::kFields;
  return {.loss = report[UpdateDecision::kLoss],
          .grad_norm = report[UpdateDecision::kNorm],
          .made = report[UpdateDecision::kMade] != 0,
          .squares = {squares, squares + parameters_}};
}

}  // namespace genesis::trainer
