#include <gtest/gtest.h>

#include <atomic>

#include "autograd/grad_mode.h"
#include "models/qwen/model.h"
#include "models/qwen/outputs.h"

namespace genesis::models {
namespace {

QwenConfig tiny() {
  return {.vocab_size = 50, .n_layer = 3, .n_head = 4, .n_embd = 32, .max_seq_len = 64, .dropout = 0};
}

const Tensor& ids() {
  static const Tensor two = genesis::tensor({{1, 2, 3, 4, 5}, {9, 8, 7, 6, 5}});
  return two;
}

TEST(ModelOutputs, AttentionIsCausalAndSumsToOne) {
  QwenModel model(tiny());
  model.eval();
  const ModelOutputs out = model(ids(), {.return_attention = true});
  ASSERT_EQ(out.attentions.size(), 3u);
  EXPECT_TRUE(out.hidden_states.empty());
  for (const Tensor& layer : out.attentions) {
    ASSERT_EQ(layer.shape(), (Shape{2, 4, 5, 5}));
    const auto p = layer.tolist<float>();
    for (int64_t row = 0; row < 2 * 4 * 5; ++row) {
      double sum = 0;
      for (int64_t j = 0; j < 5; ++j) {
        EXPECT_TRUE(j <= row % 5 || p[size_t(row * 5 + j)] == 0.0f);
        sum += p[size_t(row * 5 + j)];
      }
      EXPECT_NEAR(sum, 1.0, 1e-5);
    }
  }
}

TEST(ModelOutputs, HiddenStatesEndInTheLogits) {
  QwenModel model(tiny());
  model.eval();
  const ModelOutputs out = model(ids(), {.return_hidden_states = true});
  ASSERT_EQ(out.hidden_states.size(), 4u);
  for (const Tensor& h : out.hidden_states) EXPECT_EQ(h.shape(), (Shape{2, 5, 32}));
  const no_grad quiet;
  EXPECT_EQ(out.logits.tolist<float>(), model(ids()).tolist<float>());
  EXPECT_NE(out.hidden_states[0].tolist<float>(), out.hidden_states[3].tolist<float>());
  int seen = 0;  // the caller's own tracer is back, and saw the pass too
  model.set_tracer({[&](std::string_view, const Array&) { ++seen; }});
  model(ids(), {.return_hidden_states = true});
  const int once = seen;
  EXPECT_GT(once, 0);
  model(ids());
  EXPECT_EQ(seen, 2 * once);
}

/// Counts passes and the largest probability it saw.
class LoggedBlock : public QwenBlock {
 public:
  LoggedBlock(const QwenConfig& config, int64_t layer, DType dtype, const ModelSplit& split,
              std::vector<int>& passes)
      : QwenBlock(config, layer, dtype, split), layer_(layer), passes_(passes) {}
  Residual operator()(const Residual& in, const ForwardPass& pass) const override {
    ForwardPass logged = pass;
    logged.tracer = {[&](std::string_view name, const Array&) {
                       passes_[size_t(layer_)] += name.ends_with(".attn_probs");
                     },
                     true};
    return QwenBlock::operator()(in, logged);
  }

 private:
  int64_t layer_;
  std::vector<int>& passes_;
};

TEST(ModelOutputs, ABlockOfOnesOwnSeesEveryPass) {
  std::vector<int> passes(3);
  const auto make_block = [&](const QwenConfig& c, int64_t layer, DType dtype, const ModelSplit& split) {
    return std::make_unique<LoggedBlock>(c, layer, dtype, split, passes);
  };
  QwenModel logged(tiny(), DType::f32, 42, {}, make_block);
  QwenModel plain(tiny());
  const no_grad quiet;
  EXPECT_EQ(logged(ids()).tolist<float>(), plain(ids()).tolist<float>());
  EXPECT_EQ(passes, (std::vector<int>{2, 2, 2}));  // one map a text
}

}  // namespace
}  // namespace genesis::models
