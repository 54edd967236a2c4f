#include <cmath>
#include <map>

#include "autograd/nn/clip_grad_norm.h"
#include "autograd/optim/adamw.h"
#include "autograd/optim/schedule.h"
#include "models/names/checkpoint_layout.h"
#include "trainer/golden/verify.h"

namespace genesis::trainer {
namespace {

/// What golden.json records of each step.
struct Curves {
  std::vector<double> lr, loss, grad_norm, clip_coef, param_norm;
  std::vector<int64_t> unmasked;
};

double norm_of_parameters(const models::QwenModel& model) {
  double sum = 0;
  for (const Tensor& p : model.parameters())
    for (const double w : p.tolist()) sum += w * w;
  return std::sqrt(sum);
}

/// One optimizer step over its micro-batches; the loss is divided by the supervised tokens of all of them.
void train_step(models::QwenModel& model, optim::AdamW& adam, const std::vector<GoldenBatch>& micro_batches,
                double clip_norm, Curves& curves) {
  int64_t supervised = 0;
  for (const GoldenBatch& b : micro_batches) {
    curves.unmasked.push_back(b.supervised);
    supervised += b.supervised;
  }
  adam.zero_grad();
  double loss = 0;
  for (const GoldenBatch& b : micro_batches) {
    const Tensor sum = model.loss_sum(b.tokens, b.targets);
    sum.backward(Array::full(sum.shape(), 1.0 / double(supervised), sum.dtype()));
    loss += sum.item();
  }
  const double norm = nn::utils::grad_norm(adam.parameters());
  const double coefficient = nn::utils::clip_coefficient(norm, clip_norm);
  adam.step(coefficient);
  curves.lr.push_back(adam.lr());
  curves.loss.push_back(loss / double(supervised));
  curves.grad_norm.push_back(norm);
  curves.clip_coef.push_back(coefficient);
  curves.param_norm.push_back(norm_of_parameters(model));
}

std::vector<int64_t> flat_counts(const nlohmann::json& nested) {
  std::vector<int64_t> flat;
  for (const auto& row : nested)
    for (const auto& count : row) flat.push_back(count.get<int64_t>());
  return flat;
}

}  // namespace

void verify_trajectory(const GoldenCase& reference, GoldenReport& report) {
  const auto& wanted = reference.numbers()["train"];
  const auto &o = wanted.at("optimizer"), &s = wanted.at("schedule");
  const auto model = models::QwenModel::from_folder(reference.folder());
  optim::AdamW adam(model->parameters(), {.weight_decay = o.at("weight_decay").get<double>(),
                                          .beta1 = o.at("betas").at(0).get<double>(),
                                          .beta2 = o.at("betas").at(1).get<double>(),
                                          .eps = o.at("eps").get<double>()});
  const optim::LrSchedule schedule{.type = optim::LrSchedulerType::cosine,
                                   .peak = s.at("peak_lr").get<double>(),
                                   .warmup_steps = s.at("warmup_steps").get<int64_t>(),
                                   .total_steps = wanted.at("steps").get<int64_t>(),
                                   .min_lr_ratio = s.at("min_lr_ratio").get<double>()};
  const Array ids = reference.tensor("train.input_ids"), labels = reference.tensor("train.labels");
  Curves curves;
  for (int64_t step = 0; step < schedule.total_steps; ++step) {
    std::vector<GoldenBatch> micro_batches;
    for (int64_t m = 0; m < ids.dim(1); ++m)
      micro_batches.push_back(
          golden_rows(ids.select(0, step).select(0, m), labels.select(0, step).select(0, m)));
    adam.set_lr(schedule.at(step));
    train_step(*model, adam, micro_batches, o.at("clip_norm").get<double>(), curves);
  }
  auto list = [&](const char* key) { return wanted.at(key).get<std::vector<double>>(); };
  report.equal("train.unmasked", curves.unmasked, flat_counts(wanted.at("unmasked")));
  report.numbers("train.loss", curves.loss, list("loss"), GoldenReport::Kind::loss);
  report.numbers("train.grad_norm", curves.grad_norm, list("grad_norm"), GoldenReport::Kind::norm);
  report.numbers("train.clip_coef", curves.clip_coef, list("clip_coef"), GoldenReport::Kind::norm);
  report.numbers("train.param_norm", curves.param_norm, list("param_norm"), GoldenReport::Kind::norm);
  std::map<std::string, Array> parameters;
  for (const auto& [name, parameter] : model->named_parameters()) parameters[name] = parameter.value();
  for (const auto& t : models::checkpoint_layout(model->config(), models::naming_of(model->config())))
    report.tensor("final." + t.name, parameters.at(t.parameter).slice(0, t.row_begin, t.row_end));
}

}  // namespace genesis::trainer
