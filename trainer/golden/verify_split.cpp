#include <map>

#include "autograd/autocast.h"
#include "autograd/grad_mode.h"
#include "autograd/nn/clip_grad_norm.h"
#include "autograd/optim/schedule.h"
#include "models/names/checkpoint_layout.h"
#include "trainer/golden/split_run.h"
#include "trainer/golden/verify.h"

namespace genesis::trainer {
namespace {

void report_tensors(const std::string& prefix, SplitRun& run, bool gradients, GoldenReport& report) {
  std::map<std::string, Array> whole;
  for (const auto& [name, parameter] : run.model().named_parameters())
    whole[name] = run.whole(parameter, gradients);
  const auto& config = run.model().config();
  for (const auto& t : models::checkpoint_layout(config, models::naming_of(config)))
    report.tensor(prefix + t.name, whole.at(t.parameter).slice(0, t.row_begin, t.row_end));
}

void forward(const GoldenCase& reference, SplitRun& run, GoldenReport& report) {
  no_grad quiet;
  const Array ids = reference.tensor("input_ids");
  const GoldenBatch batch = golden_rows(ids, reference.tensor("labels"));
  report.tensor("logits", run.model().logits(batch.tokens).value());
  const Array losses = run.model().token_losses(batch.tokens, batch.targets);
  report.tensor("token_loss", losses.view(ids.shape()).slice(1, 0, ids.dim(1) - 1));
}

void gradients(const GoldenCase& reference, SplitRun& run, GoldenReport& report) {
  const auto &wanted = reference.numbers()["forward"], &packed = reference.numbers()["packed"];
  const auto found = run.backward(run.dealt(reference.tensor("input_ids"), reference.tensor("labels")));
  report.equal("unmasked", {found.supervised}, {wanted.at("unmasked").get<int64_t>()});
  report.numbers("loss", {found.loss}, {wanted.at("loss").get<double>()}, GoldenReport::Kind::loss);
  report.numbers("grad_norm", {found.norm}, {wanted.at("grad_norm").get<double>()}, GoldenReport::Kind::norm);
  report_tensors("grad.", run, true, report);
  const auto one =
      run.backward({golden_batch(reference.tensor("packed.input_ids"), reference.tensor("packed.labels"),
                                 packed.at("document_lengths").get<std::vector<int64_t>>())});
  report.numbers("packed.loss", {one.loss}, {packed.at("loss").get<double>()}, GoldenReport::Kind::loss);
  report.numbers("packed.grad_norm", {one.norm}, {packed.at("grad_norm").get<double>()},
                 GoldenReport::Kind::norm);
}

void trajectory(const GoldenCase& reference, SplitRun& run, GoldenReport& report) {
  const auto& wanted = reference.numbers()["train"];
  const auto& s = wanted.at("schedule");
  const optim::LrSchedule schedule{.type = optim::LrSchedulerType::cosine,
                                   .peak = s.at("peak_lr").get<double>(),
                                   .warmup_steps = s.at("warmup_steps").get<int64_t>(),
                                   .total_steps = wanted.at("steps").get<int64_t>(),
                                   .min_lr_ratio = s.at("min_lr_ratio").get<double>()};
  const Array ids = reference.tensor("train.input_ids"), labels = reference.tensor("train.labels");
  const double clip = wanted.at("optimizer").at("clip_norm").get<double>();
  std::vector<double> loss, grad_norm, clip_coef, param_norm;
  for (int64_t step = 0; step < schedule.total_steps; ++step) {
    const auto found = run.backward(run.dealt(ids.select(0, step), labels.select(0, step)));
    loss.push_back(found.loss);
    grad_norm.push_back(found.norm);
    clip_coef.push_back(nn::utils::clip_coefficient(found.norm, clip));
    run.update(schedule.at(step), clip_coef.back());
    param_norm.push_back(run.parameter_norm());
  }
  auto list = [&](const char* key) { return wanted.at(key).get<std::vector<double>>(); };
  report.numbers("train.loss", loss, list("loss"), GoldenReport::Kind::loss);
  report.numbers("train.grad_norm", grad_norm, list("grad_norm"), GoldenReport::Kind::norm);
  report.numbers("train.clip_coef", clip_coef, list("clip_coef"), GoldenReport::Kind::norm);
  report.numbers("train.param_norm", param_norm, list("param_norm"), GoldenReport::Kind::norm);
  report_tensors("final.", run, false, report);
}

optim::AdamWOptions optimizer_of(const GoldenCase& reference) {
  const auto& o = reference.numbers()["train"].at("optimizer");
  return {.weight_decay = o.at("weight_decay").get<double>(),
          .beta1 = o.at("betas").at(0).get<double>(),
          .beta2 = o.at("betas").at(1).get<double>(),
          .eps = o.at("eps").get<double>()};
}

}  // namespace

GoldenReport verify_split(const GoldenCase& reference, GoldenPrecision precision, const GoldenLayout& layout,
                          parallel::Communicator& world) {
  GoldenReport report(reference, precision);
  const autocast cast(DType::bf16, precision == GoldenPrecision::bf16);
  const parallel::Mesh mesh(world, {.tensor_parallel = layout.tensor_parallel, .order = {}});
  GoldenLayout unscattered = layout;
  unscattered.zero_stage = 0;  // so that every rank has whole gradients to show
  {
    SplitRun run(reference, mesh, unscattered, optimizer_of(reference));
    forward(reference, run, report);
    gradients(reference, run, report);
  }
  SplitRun run(reference, mesh, layout, optimizer_of(reference));
  trajectory(reference, run, report);
  return report;
}

}  // namespace genesis::trainer
