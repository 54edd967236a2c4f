// Loss weights of turns: the loss of a batch is sum(w l) / sum(w), and its gradients are that formula's.
#include <gtest/gtest.h>

#include <fstream>
#include <functional>

#include "data/batch/batch.h"
#include "data/dataset/sample_store.h"
#include "models/qwen/model.h"
#include "tests/support/tiny_run.h"
#include "tests/support/write_shards.h"
#include "trainer/train/batch_loss.h"

namespace genesis::trainer {
namespace {

models::QwenConfig tiny() {
  models::QwenConfig config;
  config.vocab_size = 24;
  config.n_embd = 16;
  config.n_layer = 1;
  config.n_head = 2;
  config.intermediate_size = 24;
  config.max_seq_len = 32;
  config.dropout = 0;
  return config.resolved();
}

/// Two samples; `weights` of their tokens from the second on, the same in both.
data::MemoryStore samples(const std::vector<float>& weights) {
  data::MemoryStore store;
  for (const int s : {0, 1}) {
    data::LabelledTokens tokens;
    for (size_t t = 0; t <= weights.size(); ++t) {
      tokens.ids.push_back(int32_t((5 + 7 * t + 3 * size_t(s)) % 24));
      const bool learnt = t > 0 && weights[t - 1] > 0;
      tokens.labels.push_back(learnt ? tokens.ids.back() : data::kIgnoredLabel);
      tokens.weights.push_back(learnt ? weights[t - 1] : 1);
    }
    store.add(tokens);
  }
  return store;
}

constexpr int64_t kBoth[] = {0, 1};

/// sum(w l) / sum(w) out of the losses of single tokens.
double by_formula(models::QwenModel& model, const data::Batch& batch) {
  const Array losses = model.token_losses(models::TokenBatch::from(batch),
                                          Array::from(batch.targets, {int64_t(batch.targets.size())}));
  double sum = 0, weight = 0;
  for (size_t t = 0; t < batch.targets.size(); ++t) {
    if (batch.targets[t] == data::kIgnoredLabel) continue;
    sum += double(batch.weights[t]) * losses.data<double>()[t];
    weight += double(batch.weights[t]);
  }
  EXPECT_DOUBLE_EQ(weight, batch.weight);
  return sum / weight;
}

TEST(LossWeights, GradientsAreThoseOfTheWeightedMean) {
  models::QwenModel model(tiny(), DType::f64, 3);
  const data::Batch batch = data::build_batch(samples({0, 0.5, 1, 2, 0, 0.25, 2}), kBoth);
  model.zero_grad();
  const Tensor sum = batch_loss_sum(model, batch);
  EXPECT_NEAR(sum.item() / batch.weight, by_formula(model, batch), 1e-12);
  sum.backward(Array::full({}, 1 / batch.weight, sum.dtype()));
  int checked = 0;
  for (auto& [name, parameter] : model.named_parameters()) {
    double* values = parameter.value().data<double>();
    const Array gradient = parameter.grad();
    for (int64_t i = 0; i < gradient.numel(); i += 37, ++checked) {
      constexpr double kStep = 1e-5;
      const double kept = values[i];
      values[i] = kept + kStep;
      const double up = by_formula(model, batch);
      values[i] = kept - kStep;
      const double down = by_formula(model, batch);
      values[i] = kept;
      EXPECT_NEAR(gradient.data<double>()[i], (up - down) / (2 * kStep), 1e-8) << name << " " << i;
    }
  }
  EXPECT_GT(checked, 50);
}

TEST(LossWeights, TwiceAsHeavyIsAsGivenTwice) {
  const auto gradients = [](const data::Batch& batch) {
    models::QwenModel model(tiny(), DType::f64, 3);
    const Tensor sum = batch_loss_sum(model, batch);
    sum.backward(Array::full({}, 1 / batch.weight, sum.dtype()));
    std::vector<double> all{sum.item() / batch.weight};
    for (auto& [name, parameter] : model.named_parameters())
      for (int64_t i = 0; i < parameter.grad().numel(); ++i)
        all.push_back(parameter.grad().data<double>()[i]);
    return all;
  };
  data::MemoryStore store;
  const data::MemoryStore two = samples({2, 2, 2, 2}), one = samples({1, 1, 1, 1});
  for (const data::SampleView& sample : {two.sample(0), one.sample(0), one.sample(1)})
    store.add(testing::labelled(sample));
  const int64_t heavy[] = {0, 2}, twice[] = {1, 1, 2};
  const auto a = gradients(data::build_batch(store, heavy)), b = gradients(data::build_batch(store, twice));
  ASSERT_EQ(a.size(), b.size());
  for (size_t i = 0; i < a.size(); ++i) EXPECT_NEAR(a[i], b[i], 1e-13);
}

class WeightedRun : public ::testing::Test {
 protected:
  /// The tiny run's chat with a weight on every answer (`every`), or on every other record's answers.
  std::string weighted(const std::string& name, double weight, bool every) {
    std::ifstream in(run_ / "train.jsonl");
    std::string text;
    int64_t record = 0;
    for (std::string line; std::getline(in, line); ++record) {
      auto json = nlohmann::json::parse(line);
      for (auto& turn : json["conversations"])
        if (turn["from"] == "assistant" && (every || record % 2)) turn["weight"] = weight;
      text += json.dump() + "\n";
    }
    return run_.folder().write(name, text).string();
  }
  std::vector<double> losses(const std::string& dataset, const std::string& output, int ranks,
                             const std::function<void(TrainConfig&)>& change = {}) {
    TrainConfig c = run_.config(output);
    c.dataset = {dataset};
    c.max_steps = 5;
    if (change) change(c);
    std::vector<double> all;
    for (const auto& line : run_.train(c, ranks)) all.push_back(line["loss"]);
    return all;
  }
  testing::TinyRun run_;
};

TEST_F(WeightedRun, EqualWeightsChangeNothing) {
  const std::string doubled = weighted("doubled.jsonl", 2, true);
  EXPECT_EQ(losses(doubled, "a", 1), losses((run_ / "train.jsonl").string(), "b", 1));
}

TEST_F(WeightedRun, NoSplitOfTheStepChangesIt) {
  const std::string mixed = weighted("mixed.jsonl", 3, false);
  const auto whole = losses(mixed, "whole", 1);
  EXPECT_NE(whole, losses((run_ / "train.jsonl").string(), "plain", 1));
  const auto split = losses(mixed, "split", 2, [](TrainConfig& c) { c.per_device_train_batch_size = 1; });
  const auto ordered =
      losses(mixed, "ordered", 2, [](TrainConfig& c) { c.deterministic = Deterministic::full; });
  ASSERT_EQ(split.size(), whole.size());
  for (size_t i = 0; i < whole.size(); ++i) {
    EXPECT_NEAR(split[i], whole[i], 1e-5 * whole[i]);
    EXPECT_NEAR(ordered[i], whole[i], 1e-5 * whole[i]);
  }
}

}  // namespace
}  // namespace genesis::trainer
