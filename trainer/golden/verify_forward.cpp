#include <map>
#include <string>

#include "autograd/grad_mode.h"
#include "trainer/golden/verify.h"

namespace genesis::trainer {
namespace {

/// [B, T] losses of tokens against the next one -> the reference's [B, T - 1].
Array without_last_column(const Array& losses, int64_t rows) {
  return losses.view({rows, -1}).slice(1, 0, losses.numel() / rows - 1);
}

Array copy_of(const Array& a) {
  const std::vector<double> values = Tensor(a).tolist();
  return Array::from(values, a.shape());
}

/// Arrays of the texts of a batch, one behind the other.
Array joined(const std::vector<Array>& parts) {
  std::vector<double> all;
  for (const Array& a : parts) {
    const auto values = Tensor(a).tolist();
    all.insert(all.end(), values.begin(), values.end());
  }
  return Array::from(all, {int64_t(all.size())});
}

}  // namespace

void verify_forward(const GoldenCase& reference, GoldenReport& report) {
  no_grad quiet;
  const auto model = models::QwenModel::from_folder(reference.folder());
  const Array ids = reference.tensor("input_ids");
  const GoldenBatch batch = golden_rows(ids, reference.tensor("labels"));
  std::map<std::string, std::vector<Array>> seen;
  model->set_tracer(
      {[&](std::string_view name, const Array& value) { seen[std::string(name)].push_back(copy_of(value)); },
       true});
  report.tensor("logits", model->logits(batch.tokens).value());
  model->set_tracer({});
  for (const auto& [name, values] : seen)
    if (reference.rounding(name)) report.tensor(name, joined(values));
  report.tensor("token_loss",
                without_last_column(model->token_losses(batch.tokens, batch.targets), ids.dim(0)));
}

void verify_packed(const GoldenCase& reference, GoldenReport& report) {
  const auto& wanted = reference.numbers()["packed"];
  const auto lengths = wanted.at("document_lengths").get<std::vector<int64_t>>();
  const GoldenBatch batch =
      golden_batch(reference.tensor("packed.input_ids"), reference.tensor("packed.labels"), lengths);
  const auto model = models::QwenModel::from_folder(reference.folder());
  std::map<std::string, Array> seen;
  model->set_tracer({[&](std::string_view name, const Array& value) {
                       if (name == "layer0.q" || name == "layer0.k")
                         seen["packed." + std::string(name)] = copy_of(value);
                     },
                     false});
  {
    no_grad quiet;
    report.tensor("packed.logits", model->logits(batch.tokens).value());
  }
  model->set_tracer({});
  for (const auto& [name, value] : seen) report.tensor(name, value);

  const std::vector<double> losses = Tensor(model->token_losses(batch.tokens, batch.targets)).tolist();
  std::vector<double> sums;
  size_t at = 0;
  for (const int64_t n : lengths) {
    sums.push_back(0);
    for (int64_t i = 0; i < n; ++i) sums.back() += losses[at++];
  }
  report.equal("packed.unmasked", {batch.supervised}, {wanted.at("unmasked").get<int64_t>()});
  report.numbers("packed.document_loss_sum", sums, wanted.at("document_loss_sum").get<std::vector<double>>(),
                 GoldenReport::Kind::loss);
}

}  // namespace genesis::trainer
