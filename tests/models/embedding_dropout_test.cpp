#include "models/qwen/embedding_dropout.h"

#include <gtest/gtest.h>

#include "autograd/random.h"
#include "models/qwen/model.h"
#include "tests/support/gradcheck.h"

namespace genesis::models {
namespace {

using genesis::testing::random_tensor;

const Tensor kOnes(Array::full({7, 50}, 1.0, DType::f64));

TEST(EmbeddingDropout, KeepsTheMeanAndDropsTheShareAsked) {
  manual_seed(3);
  const Tensor x(Array::full({1000, 40}, 1.0, DType::f32));
  const TokenBatch batch = TokenBatch::from_texts({std::vector<int32_t>(1000, 0)});
  double sum = 0, dropped = 0;
  for (const double y : embedding_dropout(x, batch, 0.25).tolist()) {
    sum += y;
    dropped += y == 0.0;
  }
  EXPECT_NEAR(dropped / 40000, 0.25, 0.01);
  EXPECT_NEAR(sum / 40000, 1.0, 0.015);
}

TEST(EmbeddingDropout, FollowsTheSampleAndNotItsPlace) {
  manual_seed(3);
  TokenBatch both = TokenBatch::from_texts({{1, 2, 3}, {4, 5, 6, 7}}),
             second = TokenBatch::from_texts({{4, 5, 6, 7}});
  both.samples = {10, 11};
  second.samples = {11};
  const auto all = embedding_dropout(kOnes, both, 0.5).tolist();
  manual_seed(3);
  const auto one = embedding_dropout(Tensor(kOnes.value().slice(0, 0, 4)), second, 0.5).tolist();
  EXPECT_EQ(std::vector<double>(all.begin() + 150, all.end()), one);
  EXPECT_NE(std::vector<double>(all.begin(), all.begin() + 150),
            std::vector<double>(one.begin(), one.begin() + 150));
  manual_seed(3);
  EXPECT_EQ(embedding_dropout(kOnes, both, 0.5).tolist(), all);
  EXPECT_NE(embedding_dropout(kOnes, both, 0.5).tolist(), all)
      << "every forward pass draws numbers of its own";
  manual_seed(4);
  EXPECT_NE(embedding_dropout(kOnes, both, 0.5).tolist(), all);
}

TEST(EmbeddingDropout, GradientsAgreeWithFiniteDifferences) {
  const TokenBatch batch = TokenBatch::from_texts({{1, 2, 3}, {4, 5}});
  GENESIS_EXPECT_GRADIENTS(
      [&](const std::vector<Tensor>& in) {
        manual_seed(3);
        return std::vector<Tensor>{embedding_dropout(in[0], batch, 0.5)};
      },
      {random_tensor({5, 6}, 1)});
}

TEST(EmbeddingDropout, ActsInTrainingModeOnly) {
  QwenConfig config{
      .vocab_size = 13, .n_layer = 1, .n_head = 2, .n_embd = 8, .max_seq_len = 16, .dropout = 0.5};
  QwenModel model(config);
  const TokenBatch batch = TokenBatch::from_texts({{1, 2, 3}});
  manual_seed(1);
  const auto trained = model.logits(batch).tolist();
  EXPECT_NE(model.logits(batch).tolist(), trained);
  manual_seed(1);
  EXPECT_EQ(model.logits(batch).tolist(), trained);
  model.eval();
  const auto plain = model.logits(batch).tolist();
  EXPECT_NE(plain, trained);
  config.dropout = 0;
  EXPECT_EQ(QwenModel(config).logits(batch).tolist(), plain);
  config.attention_dropout = 0.1;
  EXPECT_THROW(QwenModel(config).logits(batch), ConfigError);
}

}  // namespace
}  // namespace genesis::models
