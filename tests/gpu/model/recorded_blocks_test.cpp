// Blocks that were recorded once and are started by one call: the same bits as kernel by kernel.
#include <random>

#include "autograd/autocast.h"
#include "autograd/grad_mode.h"
#include "autograd/node.h"
#include "kernels/core/allocation_fault.h"
#include "kernels/core/cuda/graph.h"
#include "tests/gpu/card_case.h"
#include "tests/gpu/model/card_model.h"

namespace genesis::models {
namespace {

using namespace genesis::testing;

class CardRecordedBlocks : public CardTest {};

/// `tokens` tokens in documents of random lengths, other ones for each seed.
TokenBatch packed(int64_t tokens, unsigned seed) {
  std::mt19937 random(seed);
  std::vector<std::vector<int32_t>> texts;
  for (int64_t left = tokens; left > 0;) {
    const int64_t length = std::min<int64_t>(left, 1 + random() % uint64_t(tokens));
    texts.emplace_back();
    for (int64_t i = 0; i < length; ++i) texts.back().push_back(int32_t(random() % 97));
    left -= length;
  }
  return TokenBatch::from_texts(texts);
}

Array targets_of(const TokenBatch& batch) {
  Array targets = Array::full({batch.tokens()}, -100, DType::i32);
  for (int64_t i = 0; i < batch.tokens(); i += 2) targets.data<int32_t>()[i] = int32_t(i % 97);
  return targets;
}

/// Loss of a micro-batch; its gradients are added to what is there.
double micro_step(QwenModel& model, const TokenBatch& batch, bool mixed = false) {
  Tensor loss;
  {
    autocast cast(DType::bf16, mixed);
    loss = model.loss_sum(batch, targets_of(batch));
  }
  loss.backward(Array::full(loss.shape(), 0.25, loss.dtype()));
  return loss.item();
}

/// Parameters move, as an optimizer would move them: in place.
void nudge(QwenModel& model) {
  for (const auto& [name, p] : model.named_parameters()) {
    const Array host = on_device(p.value(), Device::cpu);
    dispatch_any(host.dtype(), [&](auto tag) {
      using T = decltype(tag);
      if constexpr (!std::is_integral_v<T>)
        for (int64_t i = 0; i < host.numel(); ++i) host.data<T>()[i] = T(float(host.data<T>()[i]) * 0.75f);
    });
    copy_across(host, p.value());
    p.value().storage().bump_version();
  }
}

struct Case {
  const char* name;
  int64_t head_dim;
  DType dtype;
  bool mixed;
  Recompute recompute;
};

/// A model and another one of the same weights whose blocks are recorded.
struct Pair {
  std::unique_ptr<QwenModel> plain, recorded;
  explicit Pair(const Case& c)
      : plain(model_on(Device::cuda, small_config(c.head_dim), c.dtype)),
        recorded(model_on(Device::cuda, small_config(c.head_dim), c.dtype)) {
    for (QwenModel* model : {plain.get(), recorded.get()}) model->recompute(c.recompute);
    recorded->record_blocks(true);
  }
  int64_t layers() const { return plain->config().n_layer; }
  /// Recordings that were started, of blocks forward and of blocks backward.
  std::pair<int64_t, int64_t> replays() const {
    return {recorded->recordings()->forward_replays(), recorded->recordings()->backward_replays()};
  }
  /// The same micro-step on both.
  void expect_same(const TokenBatch& batch, bool mixed, const std::string& where) const {
    EXPECT_EQ(micro_step(*recorded, batch, mixed), micro_step(*plain, batch, mixed)) << where;
    const auto a = plain->named_parameters(), b = recorded->named_parameters();
    for (size_t i = 0; i < a.size(); ++i)
      EXPECT_EQ(Tensor(b[i].second.grad()).tolist(), Tensor(a[i].second.grad()).tolist())
          << where << ", " << a[i].first;
  }
};
constexpr Case kPlainest{"f32", 16, DType::f32, false, Recompute::nothing};
using Counts = std::pair<int64_t, int64_t>;

TEST_F(CardRecordedBlocks, GiveTheBitsOfPlainOnes) {
  for (const Case& c : {kPlainest, Case{"bf16 tiles", 64, DType::bf16, false, Recompute::nothing},
                        Case{"mixed", 16, DType::f32, true, Recompute::activation},
                        Case{"mixed, feed-forward again", 16, DType::f32, true, Recompute::feed_forward},
                        Case{"block again", 16, DType::bf16, false, Recompute::block}}) {
    const Pair models(c);
    for (unsigned step = 0; step < 3; ++step) {
      for (QwenModel* model : {models.plain.get(), models.recorded.get()}) model->zero_grad();
      for (unsigned micro = 0; micro < 2; ++micro)
        models.expect_same(packed(24, 10 * step + micro), c.mixed,
                           fmt::format("{}, step {}, micro-step {}", c.name, step, micro));
      for (QwenModel* model : {models.plain.get(), models.recorded.get()}) nudge(*model);
    }
    // The first pass is plain, the second makes what is made once.
    EXPECT_EQ(models.replays(), Counts(4 * models.layers(), 4 * models.layers())) << c.name;
  }
}

TEST_F(CardRecordedBlocks, AnotherNumberOfTokensGoesPlainOrIsRecorded) {
  const Pair models(kPlainest);
  unsigned seed = 0;
  const auto step = [&](int64_t tokens) {
    models.expect_same(packed(tokens, ++seed), false, fmt::format("{} tokens", tokens));
    return models.replays().first / models.layers();
  };
  for (const int64_t wanted : {0, 0, 1, 2}) EXPECT_EQ(step(12), wanted);
  EXPECT_EQ(step(15), 2);  // seen once
  EXPECT_EQ(step(12), 3);
  for (const int64_t wanted : {3, 4}) EXPECT_EQ(step(15), wanted);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(step(9), 4) << "two numbers of tokens are kept";
  // A ninth document has no room in a recording of 12 tokens.
  const auto many = TokenBatch::from_texts(std::vector<std::vector<int32_t>>(12, {5}));
  models.expect_same(many, false, "many documents");
  EXPECT_EQ(models.replays().first / models.layers(), 4);
  EXPECT_EQ(step(12), 5);
}

TEST_F(CardRecordedBlocks, TellTheirGradientsInTheOrderOfPlainOnes) {
  const Pair models(kPlainest);
  std::vector<std::string> order[2];
  for (const int recorded : {0, 1})
    for (const auto& [name, p] : (recorded ? models.recorded : models.plain)->named_parameters())
      autograd::on_gradient_ready(p, [&list = order[recorded], name = name] { list.push_back(name); });
  for (unsigned pass = 0; pass < 4; ++pass) {
    for (auto& list : order) list.clear();
    models.expect_same(packed(16, pass), false, fmt::format("pass {}", pass));
    EXPECT_EQ(order[1], order[0]) << "pass " << pass;
    EXPECT_EQ(order[0].size(), models.plain->named_parameters().size());
  }
  EXPECT_GT(models.replays().second, 0);
}

TEST_F(CardRecordedBlocks, LeaveAPassAloneThatIsNotThroughItsBackward) {
  const Pair models(kPlainest);
  for (unsigned pass = 0; pass < 3; ++pass) models.expect_same(packed(12, pass), false, "first passes");
  const TokenBatch first = packed(12, 7), second = packed(12, 8);
  for (QwenModel* model : {models.plain.get(), models.recorded.get()}) {
    const Tensor a = model->loss_sum(first, targets_of(first)),
                 b = model->loss_sum(second, targets_of(second));
    b.backward();
    a.backward();
  }
  models.expect_same(packed(12, 9), false, "after two passes at once");
  EXPECT_EQ(models.replays(), Counts(3 * models.layers(), 3 * models.layers()));
}

TEST_F(CardRecordedBlocks, CountTheirMemoryAndGiveItBack) {
  const auto held = [] { return memory_stats(Device::cuda).current_total; };
  const Pair models(kPlainest);
  micro_step(*models.recorded, packed(12, 1));  // gradients, tables
  const int64_t before = held();
  for (unsigned pass = 0; pass < 3; ++pass) micro_step(*models.recorded, packed(12, pass));
  const int64_t reserved = models.recorded->recordings()->reserved_bytes();
  EXPECT_GT(reserved, 0);
  EXPECT_GE(held(), before + reserved);
  models.recorded->record_blocks(false);
  EXPECT_LT(held(), before + (int64_t{1} << 16));  // what was derived from one batch more
}

TEST_F(CardRecordedBlocks, SayWhyAndGoOnWhereTheyCannotBeRecorded) {
  for (const bool backward : {false, true}) {
    const Pair models(kPlainest);
    set_allocation_fault([backward](int64_t, MemoryCategory) {
      return cuda::is_recording() && autograd::grad_enabled != backward;
    });
    ::testing::internal::CaptureStderr();
    for (unsigned pass = 0; pass < 5; ++pass)
      models.expect_same(packed(12, pass), false, fmt::format("pass {}", pass));
    set_allocation_fault({});
    const std::string said = ::testing::internal::GetCapturedStderr();
    const auto at = said.find("cuda_graphs: blocks run kernel by kernel: out of ");
    EXPECT_NE(at, std::string::npos) << said;
    EXPECT_EQ(said.find("cuda_graphs", at + 1), std::string::npos) << said;
    EXPECT_EQ(models.recorded->recordings()->reserved_bytes(), 0);
  }
}

/// A card that has no memory left takes back what recordings hold.
TEST_F(CardRecordedBlocks, GiveWayToWhatNeedsTheCardsMemory) {
  const Pair models(kPlainest);
  for (unsigned pass = 0; pass < 4; ++pass) models.expect_same(packed(12, pass), false, "recorded");
  EXPECT_GT(models.recorded->recordings()->reserved_bytes(), 0);
  std::vector<Array> hoard;
  ::testing::internal::CaptureStderr();
  EXPECT_THROW(while (true) hoard.push_back(Array::empty({int64_t{8} << 30}, DType::u8, Device::cuda)),
               Error);
  hoard.clear();
  (void)trim_memory_cache();
  EXPECT_NE(::testing::internal::GetCapturedStderr().find("no memory for recordings"), std::string::npos);
  EXPECT_EQ(models.recorded->recordings()->reserved_bytes(), 0);
  models.expect_same(packed(12, 9), false, "after");
}

}  // namespace
}  // namespace genesis::models
