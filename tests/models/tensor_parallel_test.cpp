#include <gtest/gtest.h>

#include <cstring>
#include <fstream>
#include <functional>

#include "autograd/autocast.h"
#include "autograd/random.h"
#include "models/generation/generate.h"
#include "models/qwen/model.h"
#include "models/qwen/tensor_traffic.h"
#include "parallel/gather_shards.h"
#include "parallel/grad_norm.h"
#include "parallel/local_group.h"
#include "tests/support/temp_folder.h"

namespace genesis::models {
namespace {

using parallel::LocalGroup;
using parallel::TensorParallel;

struct Case {
  QwenFamily family;
  int64_t kv_heads;
  bool other;  ///< tied head and biases everywhere
};
constexpr Case kCases[] = {{QwenFamily::qwen1, 4, false},  {QwenFamily::qwen1, 4, true},
                           {QwenFamily::qwen15, 2, false}, {QwenFamily::qwen15, 1, true},
                           {QwenFamily::qwen3, 2, true},   {QwenFamily::qwen3, 1, false}};

QwenConfig config_of(const Case& c, double dropout = 0) {
  return {.vocab_size = 21,
          .n_layer = 2,
          .n_head = 4,
          .n_embd = 16,
          .max_seq_len = 16,
          .dropout = dropout,
          .bias = c.other,
          .family = c.family,
          .n_kv_head = c.kv_heads,
          .intermediate_size = 12,
          .tie_word_embeddings = c.other,
          .initializer_range = 0.3};
}

/// 11 tokens: no multiple of 2 or 4.
TokenBatch batch() { return TokenBatch::from_texts({{1, 5, 7, 2, 20, 20}, {3, 3, 12, 0, 11}}); }
Array targets() { return Array::from<int32_t>({5, -100, 2, 20, 20, -100, 3, 12, -100, 11, -100}, {11}); }

using Values = std::vector<double>;
Values values(const Array& a) { return Tensor(a).tolist(); }

void expect_near(const Values& found, const Values& wanted, const std::string& what) {
  ASSERT_EQ(found.size(), wanted.size()) << what;
  double worst = 0;
  for (size_t i = 0; i < found.size(); ++i)
    worst = std::max(worst, std::abs(found[i] - wanted[i]) / (1 + std::abs(wanted[i])));
  EXPECT_LE(worst, 1e-12) << what;
}

void for_every_split(const std::function<void(const TensorParallel&)>& check) {
  for (const int ranks : {2, 4})
    for (const bool sequence : {false, true})
      for (const int chunks : {1, 3})
        LocalGroup::run(ranks, [&](parallel::Communicator& group) {
          SCOPED_TRACE(::testing::Message() << "rank " << group.rank() << " of " << ranks << ", sequence "
                                            << sequence << ", " << chunks << " chunks");
          check({&group, sequence, {chunks}});
        });
}

std::vector<Array> whole_parameters(const nn::Module& model, const TensorParallel& tp, bool gradients) {
  std::vector<Array> all;
  for (const auto& [name, p] : model.named_parameters())
    all.push_back(
        parallel::gather_shards(gradients ? p.grad() : p.value(), parallel::shard_of(p), *tp.group));
  return all;
}

TEST(TensorParallelModel, LossAndEveryGradientAreThoseOfTheWholeModel) {
  for (const Case& c : kCases) {
    SCOPED_TRACE(::testing::Message() << name_of(c.family) << " kv " << c.kv_heads << " other " << c.other);
    QwenModel whole(config_of(c), DType::f64, 3);
    const Tensor loss = whole.loss_sum(batch(), targets());
    loss.backward(Array::full({}, 0.1, DType::f64));
    const auto names = whole.named_parameters();
    const double norm = parallel::grad_norm(whole.parameters(), *parallel::solo_communicator());
    for_every_split([&](const TensorParallel& tp) {
      QwenModel model(config_of(c), DType::f64, 3, tp);
      const auto initial = whole_parameters(model, tp, false);
      for (size_t i = 0; i < names.size(); ++i)
        EXPECT_EQ(values(initial[i]), names[i].second.tolist()) << "initial " << names[i].first;
      for (const bool checkpointing : {false, true}) {
        model.gradient_checkpointing(checkpointing);
        model.zero_grad();
        const Tensor found = model.loss_sum(batch(), targets());
        EXPECT_NEAR(found.item(), loss.item(), 1e-12 * loss.item());
        found.backward(Array::full({}, 0.1, DType::f64));
        const auto gradients = whole_parameters(model, tp, true);
        for (size_t i = 0; i < names.size(); ++i)
          expect_near(values(gradients[i]), values(names[i].second.grad()), "gradient of " + names[i].first);
        EXPECT_NEAR(parallel::grad_norm(model.parameters(), *tp.group), norm, 1e-12 * norm);
      }
      expect_near(values(model.token_losses(batch(), targets())),
                  values(whole.token_losses(batch(), targets())), "token losses");
      expect_near(model.logits(batch()).tolist(), whole.logits(batch()).tolist(), "logits");
    });
  }
}

TEST(TensorParallelModel, DropoutDoesNotDependOnTheSplit) {
  const QwenConfig config = config_of(kCases[0], 0.3);
  const auto loss_of = [&](QwenModel& model) {
    autograd::set_random_state({.seed = 5, .step = 9, .next = 0});
    return model.loss_sum(batch(), targets()).item();
  };
  QwenModel whole(config, DType::f64, 3);
  const double wanted = loss_of(whole);
  whole.eval();
  EXPECT_GT(std::abs(loss_of(whole) - wanted), 1e-3) << "dropout drops nothing";
  for_every_split([&](const TensorParallel& tp) {
    QwenModel model(config, DType::f64, 3, tp);
    EXPECT_NEAR(loss_of(model), wanted, 1e-12 * wanted);
  });
}

std::string bytes_of(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

TEST(TensorParallelModel, SavesTheFolderOfTheWholeModelAndReadsItBack) {
  for (const Case& c : {kCases[1], kCases[2], kCases[5]}) {
    const testing::TempFolder folder;
    QwenModel(config_of(c), DType::f32, 3).save(folder / "whole");
    for_every_split([&](const TensorParallel& tp) {
      const std::string name = fmt::format("split-{}-{}-{}", tp.size(), tp.sequence, tp.overlap.chunks);
      QwenModel(config_of(c), DType::f32, 3, tp).save(folder / name);
      tp.group->barrier();
      for (const char* file : {"model.safetensors", "config.json"}) {
        const std::string written = bytes_of(folder / name / file);
        EXPECT_FALSE(written.empty());
        EXPECT_EQ(written, bytes_of(folder / "whole" / file)) << file;
      }
      const auto back = QwenModel::from_folder(folder / "whole", DType::f32, tp);
      const QwenModel same(config_of(c), DType::f32, 3, tp);
      for (size_t i = 0; i < back->parameters().size(); ++i)
        EXPECT_EQ(back->parameters()[i].tolist(), same.parameters()[i].tolist());
    });
  }
}

TEST(TensorParallelModel, GeneratesWhatTheWholeModelGenerates) {
  const std::vector<std::vector<int32_t>> prompts = {{1, 5, 7}, {3}, {20, 2, 2, 11, 0}};
  for (const Case& c : kCases) {
    GenerationConfig sampled{.max_new_tokens = 7};
    sampled.do_sample = c.other;  // draws follow the seed, on every rank alike
    sampled.seed = 11;
    QwenModel whole(config_of(c), DType::f32, 3);
    const auto wanted = generate(whole, prompts, sampled, {}, 2);
    KeptText kept;
    const auto kept_wanted = generate(whole, prompts[2], sampled, kept).tokens;
    for_every_split([&](const TensorParallel& tp) {
      QwenModel model(config_of(c), DType::f32, 3, tp);
      if (tp.sequence) {
        EXPECT_THROW(generate(model, prompts, sampled), Error);
        return;
      }
      const auto found = generate(model, prompts, sampled, {}, 2);
      for (size_t i = 0; i < prompts.size(); ++i) EXPECT_EQ(found[i].tokens, wanted[i].tokens) << i;
      KeptText own;
      EXPECT_EQ(generate(model, prompts[2], sampled, own).tokens, kept_wanted);
    });
  }
}

TEST(TensorParallelModel, AnIllegalSplitIsRefusedByAllRanks) {
  LocalGroup::run(3, [](parallel::Communicator& group) {
    EXPECT_THROW(QwenModel(config_of(kCases[0]), DType::f32, 3, {&group, false}), ConfigError);
  });
}

TEST(TensorParallelModel, TheLogSaysWhatTheFormulaSays) {
  for (const Case& c : kCases)
    for (const bool checkpointing : {false, true})
      for (const bool mixed : {false, true})
        for_every_split([&](const TensorParallel& tp) {
          QwenModel model(config_of(c), DType::f32, 3, tp);
          model.gradient_checkpointing(checkpointing);
          const autocast cast(DType::bf16, mixed);
          const parallel::Traffic before = tp.group->traffic();
          model.loss_sum(batch(), targets()).backward();
          const parallel::Traffic after = tp.group->traffic();
          const TensorTraffic wanted =
              tensor_traffic(config_of(c), {.tensor_parallel = tp.size(),
                                            .sequence_parallel = tp.sequence,
                                            .tokens = 11,
                                            .supervised = 7,
                                            .activations = mixed ? DType::bf16 : DType::f32,
                                            .gradient_checkpointing = checkpointing,
                                            .overlap = tp.overlap});
          SCOPED_TRACE(::testing::Message()
                       << name_of(c.family) << " checkpointing " << checkpointing << " mixed " << mixed);
          EXPECT_EQ(after.bytes - before.bytes, wanted.tp().bytes);
          EXPECT_EQ(after.calls - before.calls, wanted.tp().calls);
          const auto of_replicas = model.kv_replicas() ? model.kv_replicas()->traffic() : parallel::Traffic{};
          EXPECT_EQ(of_replicas.bytes, wanted.kv.bytes);
          EXPECT_EQ(of_replicas.calls, wanted.kv.calls);
        });
}

TEST(TensorParallelModel, RecomputationChangesNoBitAndSendsNothing) {
  for (const Case& c : {kCases[1], kCases[5]})
    for (const bool mixed : {false, true})
      for_every_split([&](const TensorParallel& tp) {
        QwenModel model(config_of(c), DType::f32, 3, tp);
        const autocast cast(DType::bf16, mixed);
        std::vector<Values> first;
        parallel::Traffic plain;
        for (const Recompute what : {Recompute::nothing, Recompute::activation, Recompute::feed_forward}) {
          SCOPED_TRACE(::testing::Message() << "recompute " << int(what) << " mixed " << mixed);
          model.recompute(what);
          model.zero_grad();
          const parallel::Traffic before = tp.group->traffic();
          const Tensor loss = model.loss_sum(batch(), targets());
          loss.backward();
          std::vector<Values> found{{loss.item()}};
          for (const Tensor& p : model.parameters()) found.push_back(values(p.grad()));
          const parallel::Traffic after = tp.group->traffic();
          if (what == Recompute::nothing) {
            first = found;
            plain = {after.calls - before.calls, after.bytes - before.bytes};
          }
          EXPECT_EQ(found, first);
          EXPECT_EQ(after.calls - before.calls, plain.calls);
          EXPECT_EQ(after.bytes - before.bytes, plain.bytes);
        }
      });
}

TEST(TensorParallelModel, EachRankHoldsItsShareOfTheMatrices) {
  const QwenConfig config = config_of(kCases[2]);
  LocalGroup::run(2, [&](parallel::Communicator& group) {
    const QwenModel model(config, DType::f32, 3, {&group, false});
    int64_t mine = 0, owned = 0;
    for (const Tensor& p : model.parameters()) {
      mine += p.numel();
      for (const auto& range : parallel::owned_elements(p)) owned += range.size();
    }
    EXPECT_EQ(group.all_reduce_value(owned), parameter_count(config));
    const int64_t norms = (2 * config.n_layer + 1) * config.n_embd;
    EXPECT_EQ(group.all_reduce_value(mine), parameter_count(config) + norms);
  });
}

}  // namespace
}  // namespace genesis::models
