#include <map>
#include <string>

#include "autograd/nn/clip_grad_norm.h"
#include "models/names/checkpoint_layout.h"
#include "trainer/golden/verify.h"

namespace genesis::trainer {
namespace {

/// Mean loss of the batch; its gradients are in the parameters afterwards.
double loss_and_gradients(models::QwenModel& model, const GoldenBatch& batch) {
  const Tensor sum = model.loss_sum(batch.tokens, batch.targets);
  sum.backward(Array::full(sum.shape(), 1.0 / double(batch.supervised), sum.dtype()));
  return sum.item() / double(batch.supervised);
}

}  // namespace

void verify_gradients(const GoldenCase& reference, GoldenReport& report) {
  const auto model = models::QwenModel::from_folder(reference.folder());
  const auto& wanted = reference.numbers()["forward"];
  const GoldenBatch batch = golden_rows(reference.tensor("input_ids"), reference.tensor("labels"));
  report.equal("unmasked", {batch.supervised}, {wanted.at("unmasked").get<int64_t>()});
  const double loss = loss_and_gradients(*model, batch);
  report.numbers("loss", {loss}, {wanted.at("loss").get<double>()}, GoldenReport::Kind::loss);
  report.numbers("grad_norm", {nn::utils::grad_norm(model->parameters())},
                 {wanted.at("grad_norm").get<double>()}, GoldenReport::Kind::norm);
  std::map<std::string, Array> gradients;
  for (const auto& [name, parameter] : model->named_parameters()) gradients[name] = parameter.grad();
  for (const auto& t : models::checkpoint_layout(model->config(), models::naming_of(model->config())))
    report.tensor("grad." + t.name, gradients.at(t.parameter).slice(0, t.row_begin, t.row_end));
  // Packed documents: the same through one row of several documents.
  const auto& packed = reference.numbers()["packed"];
  model->zero_grad();
  const double packed_loss = loss_and_gradients(
      *model, golden_batch(reference.tensor("packed.input_ids"), reference.tensor("packed.labels"),
                           packed.at("document_lengths").get<std::vector<int64_t>>()));
  report.numbers("packed.loss", {packed_loss}, {packed.at("loss").get<double>()}, GoldenReport::Kind::loss);
  report.numbers("packed.grad_norm", {nn::utils::grad_norm(model->parameters())},
                 {packed.at("grad_norm").get<double>()}, GoldenReport::Kind::norm);
}

}  // namespace genesis::trainer
