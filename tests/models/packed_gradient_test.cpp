// Packed against unpacked in f64: the same documents in one row or each alone give the same loss and
// gradients.
#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "data/batch/batch.h"
#include "data/packing/sample_rows.h"
#include "models/qwen/model.h"

namespace genesis::models {
namespace {

constexpr double kTolerance = 1e-12;  // of f64 sums in another order, relative to the largest gradient

data::MemoryStore random_samples(int n, int64_t vocab_size) {
  std::mt19937 random(5);
  data::MemoryStore store;
  for (int i = 0; i < n; ++i) {
    data::LabelledTokens tokens;
    const int length = 3 + int(random() % 20);
    for (int t = 0; t < length; ++t) {
      tokens.ids.push_back(int32_t(random() % uint32_t(vocab_size)));
      tokens.labels.push_back(random() % 2 ? tokens.ids.back() : data::kIgnoredLabel);
    }
    tokens.labels.back() = tokens.ids.back();
    store.add(tokens);
  }
  return store;
}

struct Step {
  double loss = 0;
  std::vector<std::vector<double>> gradients;
};

/// One step over all samples: a micro-batch per row of `rows`, one divisor for all of them.
Step step(QwenModel& model, const data::SampleStore& samples, const data::SampleRows& rows) {
  model.zero_grad();
  Step result;
  const double supervised = double(samples.supervised_tokens());
  for (int64_t r = 0; r < rows.size(); ++r) {
    const data::Batch batch = data::build_batch(samples, rows.samples(r));
    const Tensor sum =
        model.loss_sum(TokenBatch::from(batch), Array::from(batch.targets, {int64_t(batch.targets.size())}));
    sum.backward(Array::full({}, 1.0 / supervised, sum.dtype()));
    result.loss += sum.item() / supervised;
  }
  for (auto& [name, parameter] : model.named_parameters()) {
    const Array gradient = parameter.grad();
    const double* p = gradient.data<double>();
    result.gradients.emplace_back(p, p + gradient.numel());
  }
  return result;
}

TEST(PackedGradients, EqualUnpackedOnes) {
  for (const QwenFamily family : {QwenFamily::qwen1, QwenFamily::qwen3}) {
    QwenConfig config;
    config.family = family;
    config.vocab_size = 96;
    config.n_embd = 32;
    config.n_layer = 2;
    config.n_head = 4;
    config.intermediate_size = 48;
    config.max_seq_len = 64;
    config.dropout = 0;
    QwenModel model(config.resolved(), DType::f64, 3);
    const auto samples = random_samples(14, config.vocab_size);
    const auto packed = data::SampleRows::packed(samples, 48, 1);
    ASSERT_LT(packed.size(), samples.size() / 2);
    const Step one_each = step(model, samples, data::SampleRows::one_each(samples));
    const Step in_rows = step(model, samples, packed);
    EXPECT_NEAR(in_rows.loss, one_each.loss, kTolerance * one_each.loss);
    double largest = 0, error = 0;
    for (size_t p = 0; p < one_each.gradients.size(); ++p)
      for (size_t i = 0; i < one_each.gradients[p].size(); ++i) {
        largest = std::max(largest, std::abs(one_each.gradients[p][i]));
        error = std::max(error, std::abs(one_each.gradients[p][i] - in_rows.gradients[p][i]));
      }
    EXPECT_GT(largest, 0);
    EXPECT_LE(error, kTolerance * largest);
    std::printf("packed against unpacked: loss differs by %.1e, gradients by %.1e of %.1e\n",
                std::abs(in_rows.loss - one_each.loss), error, largest);
  }
}

}  // namespace
}  // namespace genesis::models
