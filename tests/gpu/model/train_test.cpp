// The whole model, and whole runs of the program's training loop, on a card against the CPU.
#include <cmath>

#include "autograd/autocast.h"
#include "models/generation/generate.h"
#include "models/generation/token_steps.h"
#include "models/qwen/model.h"
#include "parallel/gather_shards.h"
#include "parallel/local_group.h"
#include "parallel/shard.h"
#include "tests/gpu/card_case.h"
#include "tests/gpu/model/card_model.h"
#include "tests/support/temp_folder.h"

namespace genesis::models {
namespace {

using namespace genesis::testing;

class CardModel : public CardTest {};

struct Outcome {
  double loss = 0;
  std::vector<std::vector<double>> grads;
};

Outcome step(QwenModel& model, bool cast, DType compute, double scale = 1) {
  const TokenBatch batch = TokenBatch::from_texts({{1, 5, 9, 33, 2, 7, 7}, {4}, {90, 12, 3, 8, 1}});
  const Array targets = Array::from<int32_t>({5, 9, -100, 2, 7, 7, 1, 3, 12, 3, 8, -100, 4}, {13});
  Tensor loss;
  {
    autocast scope(compute, cast);
    loss = model.loss_sum(batch, targets);
  }
  loss.backward(Array::full(loss.shape(), scale / 11, loss.dtype()));
  Outcome out{loss.item(), {}};
  for (const auto& [name, p] : model.named_parameters()) out.grads.push_back(Tensor(p.grad()).tolist());
  return out;
}

void expect_near(const Outcome& got, const Outcome& wanted, double tolerance, double scale = 1) {
  EXPECT_NEAR(got.loss, wanted.loss, tolerance * std::abs(wanted.loss));
  ASSERT_EQ(got.grads.size(), wanted.grads.size());
  for (size_t i = 0; i < got.grads.size(); ++i) {
    double error = 0, norm = 0;
    for (size_t j = 0; j < got.grads[i].size(); ++j) {
      error += std::pow(got.grads[i][j] / scale - wanted.grads[i][j], 2);
      norm += std::pow(wanted.grads[i][j], 2);
    }
    EXPECT_LE(std::sqrt(error), tolerance * std::sqrt(norm) + 1e-12) << "parameter " << i;
  }
}

TEST_F(CardModel, LossAndGradientsAsOnTheCpu) {
  for (const int64_t head_dim : {16, 64}) {
    const QwenConfig config = small_config(head_dim);
    const auto reference = step(*model_on(Device::cpu, config), false, DType::bf16);
    expect_near(step(*model_on(Device::cuda, config), false, DType::bf16), reference, 2e-4);
    expect_near(step(*model_on(Device::cuda, config), true, DType::bf16), reference, 0.05);
    expect_near(step(*model_on(Device::cuda, config), true, DType::f16, 1024), reference, 0.02, 1024);
  }
}

TEST_F(CardModel, RanksThatShareTheModelOnACard) {
  QwenConfig c = small_config();
  c.family = QwenFamily::qwen3;
  c.n_kv_head = 1;  // on both ranks
  c.qk_norm = true;
  c.qkv_bias = false;
  const QwenConfig config = c.resolved();
  const auto whole = model_on(Device::cpu, config);
  const Outcome wanted = step(*whole, false, DType::bf16);
  const auto names = whole->named_parameters();
  for (const bool sequence : {false, true})
    for (const bool cast : {false, true})
      parallel::LocalGroup::run(2, [&](parallel::Communicator& ranks) {
        const DeviceScope scope(Device::cuda);
        const parallel::TensorParallel tp{&ranks, sequence, {cast ? 3 : 1}};  // chunks
        QwenModel model(config, DType::f32, 5, tp);
        Outcome got = step(model, cast, DType::bf16);
        model.zero_grad();
        model.recompute(Recompute::feed_forward);
        EXPECT_EQ(step(model, cast, DType::bf16).grads, got.grads);
        const auto own = model.named_parameters();
        for (size_t i = 0; i < own.size(); ++i) {
          EXPECT_EQ(own[i].first, names[i].first);
          const Array all =
              parallel::gather_shards(own[i].second.grad(), parallel::shard_of(own[i].second), ranks);
          got.grads[i] = values_of(read_back(all));
        }
        expect_near(got, wanted, cast ? 0.05 : 2e-4);
      });
}

TEST_F(CardModel, Qwen3AsOnTheCpu) {
  QwenConfig c = small_config();
  c.family = QwenFamily::qwen3;
  c.head_dim = 24;
  c.n_kv_head = 1;
  c.qk_norm = true;
  c.qkv_bias = false;
  const QwenConfig config = c.resolved();
  expect_near(step(*model_on(Device::cuda, config), false, DType::bf16),
              step(*model_on(Device::cpu, config), false, DType::bf16), 2e-4);
}

TEST_F(CardModel, CheckpointingGivesTheSameBits) {
  const QwenConfig config = small_config(64);
  for (const bool cast : {false, true}) {
    const Outcome plain = step(*model_on(Device::cuda, config), cast, DType::bf16);
    for (const Recompute what : {Recompute::activation, Recompute::feed_forward, Recompute::block})
      for (const int64_t layers : {1, 2}) {
        if (!cast && layers == 1) continue;
        const auto saving = model_on(Device::cuda, config);
        saving->recompute(what, layers);
        const Outcome again = step(*saving, cast, DType::bf16);
        EXPECT_EQ(again.loss, plain.loss);
        EXPECT_EQ(again.grads, plain.grads);
      }
  }
}

TEST_F(CardModel, StepsRepeatBitForBit) {
  const QwenConfig config = small_config(64);
  EXPECT_EQ(step(*model_on(Device::cuda, config), true, DType::bf16).grads,
            step(*model_on(Device::cuda, config), true, DType::bf16).grads);
}

TEST_F(CardModel, GeneratesWhatTheCpuGenerates) {
  const QwenConfig config = small_config();
  GenerationConfig greedy;
  greedy.do_sample = false;
  greedy.max_new_tokens = 8;
  const std::vector<std::vector<int32_t>> prompts = {{3, 4, 5}, {9}, {1, 2, 3, 4, 5, 6, 7}};
  const auto host = generate(*model_on(Device::cpu, config), prompts, greedy),
             card = generate(*model_on(Device::cuda, config), prompts, greedy);
  for (size_t i = 0; i < prompts.size(); ++i) EXPECT_EQ(card[i].tokens, host[i].tokens) << i;
}

TEST_F(CardModel, AConversationKeepsItsKeysOnTheCard) {
  const QwenConfig config = small_config(64);
  GenerationConfig greedy;
  greedy.do_sample = false;
  greedy.max_new_tokens = 6;
  std::vector<GeneratedText> texts[2];
  for (const Device device : {Device::cpu, Device::cuda}) {
    const auto model = model_on(device, config);
    KeptText kept;
    std::vector<int32_t> text = {3, 4, 5, 6};
    for (int turn = 0; turn < 3; ++turn) {
      texts[int(device)].push_back(generate(*model, text, greedy, kept));
      text.insert(text.end(), texts[int(device)].back().tokens.begin(),
                  texts[int(device)].back().tokens.end());
      text.push_back(int32_t(7 + turn));
    }
    EXPECT_GT(kept.reused(), 4);
    EXPECT_EQ(kept.cache().keys(0).device(), device);
  }
  for (size_t turn = 0; turn < 3; ++turn) EXPECT_EQ(texts[0][turn].tokens, texts[1][turn].tokens) << turn;
}

/// A recorded step against the same step started kernel by kernel, while texts end and the cache grows.
TEST_F(CardModel, RecordedStepsGiveTheLogitsOfTheOthers) {
  const QwenConfig config = small_config(64);
  const auto model = model_on(Device::cuda, config, DType::bf16);
  model->eval();
  KvCache recorded(config, 3, 40, DType::bf16, Device::cuda), plain(config, 3, 40, DType::bf16, Device::cuda);
  TokenSteps steps(*model, recorded);
  CachedStep step{
      .tokens = {{3, 4, 5}, {9}, {1, 2, 3, 4, 5, 6, 7}}, .slots = {2, 0, 1}, .ntk_alphas = {1, 1, 1}};
  for (int i = 0; i < 12; ++i) {
    const Array got = steps.next_logits(step), wanted = model->next_logits(step, plain);
    expect_close(got, values_of(wanted), 0.02, fmt::format("step {}", i));
    if (i == 6) {  // one text ends
      step.slots.pop_back();
      step.ntk_alphas.pop_back();
    }
    step.tokens.assign(step.slots.size(), {int32_t(10 + i)});
  }
  EXPECT_EQ(steps.replayed(), 9);  // 12 without the prompts' and the first of each number of texts
}

TEST_F(CardModel, SavesAndLoadsWeights) {
  const QwenConfig config = small_config();
  const auto card = model_on(Device::cuda, config);
  const TempFolder folder;
  card->save(folder.path());
  const DeviceScope scope(Device::cuda);
  const auto again = QwenModel::from_folder(folder.path(), DType::f32);
  EXPECT_EQ(again->device(), Device::cuda);
  const auto a = card->named_parameters(), b = again->named_parameters();
  for (size_t i = 0; i < a.size(); ++i) EXPECT_EQ(a[i].second.tolist(), b[i].second.tolist()) << a[i].first;
}

}  // namespace
}  // namespace genesis::models
