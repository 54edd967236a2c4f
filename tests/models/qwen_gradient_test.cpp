#include <gtest/gtest.h>

#include <cstring>
#include <map>

#include "autograd/autocast.h"
#include "models/names/checkpoint_layout.h"
#include "models/qwen/model.h"
#include "tests/support/golden.h"
#include "tests/support/gradcheck.h"

namespace genesis::models {
namespace {

using genesis::testing::Golden;
using genesis::testing::golden_folders;

struct Sample {
  TokenBatch batch;
  Array targets;
  int64_t supervised = 0;
};

/// The reference's rows with labels moved one to the left.
Sample sample_of(const Array& ids, const Array& labels, const std::vector<int64_t>& lengths) {
  Sample s;
  const int32_t *id = ids.data<int32_t>(), *label = labels.data<int32_t>();
  std::vector<std::vector<int32_t>> texts;
  std::vector<int32_t> targets;
  for (const int64_t n : lengths) {
    texts.emplace_back(id, id + n);
    for (int64_t t = 0; t < n; ++t) {
      targets.push_back(t + 1 < n ? label[t + 1] : -100);
      s.supervised += targets.back() != -100;
    }
    id += n;
    label += n;
  }
  s.batch = TokenBatch::from_texts(texts);
  s.targets = Array::from(targets, {int64_t(targets.size())});
  return s;
}

Sample forward_sample(const Golden& golden) {
  const Array ids = golden.tensor("input_ids");
  return sample_of(ids, golden.tensor("labels"), std::vector<int64_t>(size_t(ids.dim(0)), ids.dim(1)));
}

double backward_of_mean(QwenModel& model, const Sample& s) {
  const Tensor sum = model.loss_sum(s.batch, s.targets);
  sum.backward(Array::full({}, 1.0 / double(s.supervised), sum.dtype()));
  return sum.item() / double(s.supervised);
}

TEST(QwenGradients, LossAndEveryGradientOfTheReference) {
  for (const auto& folder : golden_folders()) {
    SCOPED_TRACE(folder.filename());
    const Golden golden(folder);
    const auto model = QwenModel::from_folder(folder);
    const Sample sample = forward_sample(golden);
    const auto& forward = golden.numbers()["forward"];
    EXPECT_EQ(sample.supervised, forward["unmasked"].get<int64_t>());
    EXPECT_NEAR(backward_of_mean(*model, sample), forward["loss"].get<double>(), 1e-5);
    std::map<std::string, Array> gradients;
    for (const auto& [name, tensor] : model->named_parameters()) gradients[name] = tensor.grad();
    for (const auto& t : checkpoint_layout(model->config(), naming_of(model->config().family))) {
      const Array rows = gradients.at(t.parameter).slice(0, t.row_begin, t.row_end);
      EXPECT_LE(golden.fp32_error("grad." + t.name, rows), 1.0) << t.name;
    }
  }
}

TEST(QwenGradients, PackedTextsGiveTheLossOfTheReference) {
  for (const auto& folder : golden_folders()) {
    SCOPED_TRACE(folder.filename());
    const Golden golden(folder);
    const auto model = QwenModel::from_folder(folder);
    const auto& packed = golden.numbers()["packed"];
    const Sample sample =
        sample_of(golden.tensor("packed.input_ids").view({-1}), golden.tensor("packed.labels").view({-1}),
                  packed["document_lengths"].get<std::vector<int64_t>>());
    EXPECT_EQ(sample.supervised, packed["unmasked"].get<int64_t>());
    EXPECT_NEAR(model->loss_sum(sample.batch, sample.targets).item() / double(sample.supervised),
                packed["loss"].get<double>(), 1e-5);
    const auto losses = Golden::values(model->token_losses(sample.batch, sample.targets));
    size_t at = 0;
    for (size_t d = 0; d < packed["document_lengths"].size(); ++d) {
      double sum = 0;
      for (int64_t i = 0; i < packed["document_lengths"][d].get<int64_t>(); ++i) sum += losses[at++];
      EXPECT_NEAR(sum, packed["document_loss_sum"][d].get<double>(), 2e-5);
    }
  }
}

TEST(QwenGradients, CheckpointingIsBitIdentical) {
  for (const auto& folder : golden_folders()) {
    for (const auto& [dtype, mixed] :
         {std::pair(DType::f64, false), {DType::f32, false}, {DType::f32, true}, {DType::bf16, false}}) {
      SCOPED_TRACE(folder.filename().string() + " " + std::string(name_of(dtype)) + (mixed ? " mixed" : ""));
      const Golden golden(folder);
      const auto model = QwenModel::from_folder(folder, dtype);
      const Sample sample = forward_sample(golden);
      const autocast cast(DType::bf16, mixed);
      std::vector<Array> first;
      const double loss = backward_of_mean(*model, sample);
      for (const Tensor& p : model->parameters()) {
        first.push_back(Array::empty(p.shape(), p.grad().dtype()));
        std::memcpy(first.back().raw(), p.grad().raw(), size_t(p.grad().nbytes()));
      }
      for (const Recompute what : {Recompute::activation, Recompute::feed_forward, Recompute::block})
        for (const int64_t layers : {int64_t{1}, model->config().n_layer}) {
          model->zero_grad();
          const Recompute rest = what == Recompute::block ? Recompute::activation : Recompute::nothing;
          model->recompute(what, layers, rest);
          EXPECT_EQ(backward_of_mean(*model, sample), loss);
          size_t i = 0;
          for (const auto& [name, p] : model->named_parameters()) {
            EXPECT_EQ(std::memcmp(first[i++].raw(), p.grad().raw(), size_t(p.grad().nbytes())), 0)
                << name << " " << int(what) << " in " << layers;
          }
        }
    }
  }
}

/// models/qwen/recompute.h: 8 H + 3 F numbers a token and block, 6 H + 2 F, 6 H, H.
TEST(QwenGradients, EachLevelKeepsWhatItSays) {
  const QwenConfig config{.vocab_size = 50,
                          .n_layer = 3,
                          .n_head = 4,
                          .n_embd = 32,
                          .max_seq_len = 64,
                          .dropout = 0,
                          .bias = false,
                          .intermediate_size = 96};
  QwenModel model(config, DType::f32, 1);
  const int64_t tokens = 40, h = config.n_embd, f = config.intermediate_size;
  const auto batch = TokenBatch::from_texts({std::vector<int32_t>(size_t(tokens), 7)});
  const Array targets = Array::full({tokens}, 3, DType::i32);
  const auto kept = [&](Recompute what, int64_t layers) {
    model.recompute(what, layers);
    const auto held = [] { return memory_stats().current[size_t(MemoryCategory::activations)]; };
    const int64_t before = held();
    const Tensor loss = model.loss_sum(batch, targets);
    return (held() - before) / 4;
  };
  kept(Recompute::nothing, 0);  // tables are made
  const int64_t all = kept(Recompute::nothing, 0);
  for (const int64_t layers : {1, 3}) {
    EXPECT_EQ(all - kept(Recompute::activation, layers), layers * tokens * (2 * h + f)) << layers;
    EXPECT_EQ(all - kept(Recompute::feed_forward, layers), layers * tokens * (2 * h + 3 * f)) << layers;
    // A norm's and the attention's statistics go as well.
    EXPECT_EQ(all - kept(Recompute::block, layers), layers * tokens * (7 * h + 3 * f + 1 + config.n_head))
        << layers;
  }
}

TEST(QwenGradients, Bf16StaysInsideTheRoundingOfTheReference) {
  for (const auto& folder : golden_folders()) {
    SCOPED_TRACE(folder.filename());
    const Golden golden(folder);
    const auto model = QwenModel::from_folder(folder);
    const autocast cast;
    const double wanted = golden.numbers()["forward"]["loss"].get<double>();
    EXPECT_NEAR(backward_of_mean(*model, forward_sample(golden)), wanted, 4e-3 * wanted);
    std::map<std::string, Array> gradients;
    for (const auto& [name, tensor] : model->named_parameters()) gradients[name] = tensor.grad();
    for (const auto& t : checkpoint_layout(model->config(), naming_of(model->config().family))) {
      const Array rows = gradients.at(t.parameter).slice(0, t.row_begin, t.row_end);
      EXPECT_LE(golden.bf16_error("grad." + t.name, rows), 1.0) << t.name;
    }
  }
}

TEST(QwenGradients, AgreeWithFiniteDifferences) {
  for (const QwenFamily family : {QwenFamily::qwen1, QwenFamily::qwen15, QwenFamily::qwen3}) {
    for (const bool other : {false, true}) {
      QwenConfig config{.vocab_size = 13,
                        .n_layer = 2,
                        .n_head = 2,
                        .n_embd = 8,
                        .max_seq_len = 16,
                        .dropout = 0,
                        .bias = other,
                        .family = family,
                        .intermediate_size = 6,
                        .tie_word_embeddings = other,
                        .initializer_range = 0.5};
      if (family != QwenFamily::qwen1) config.n_kv_head = 1;
      QwenModel model(config, DType::f64);
      const TokenBatch batch = TokenBatch::from_texts({{1, 5, 7, 2}, {3, 3, 12}});
      const Array targets = Array::from<int32_t>({5, -100, 2, -100, 3, 12, -100}, {7});
      const auto fn = [&](const std::vector<Tensor>&) {
        return std::vector<Tensor>{model.loss_sum(batch, targets)};
      };
      GENESIS_EXPECT_GRADIENTS(fn, model.parameters());
    }
  }
}

}  // namespace
}  // namespace genesis::models
