#include <gtest/gtest.h>

#include <map>

#include "autograd/autocast.h"
#include "autograd/grad_mode.h"
#include "models/generation/generate.h"
#include "models/qwen/model.h"
#include "tests/support/golden.h"
#include "tests/support/temp_folder.h"

namespace genesis::models {
namespace {

using genesis::testing::Golden;
using genesis::testing::golden_folders;

TEST(QwenModel, InnerValuesAndLogitsOfTheReference) {
  for (const auto& folder : golden_folders()) {
    SCOPED_TRACE(folder.filename());
    const Golden golden(folder);
    const auto model = QwenModel::from_folder(folder);
    std::map<std::string, std::vector<Array>> seen;
    model->set_tracer({[&](std::string_view name, const Array& value) {
                         const auto v = Golden::values(value);
                         seen[std::string(name)].push_back(Array::from(v, value.shape()));
                       },
                       true});
    no_grad quiet;
    const Tensor logits = (*model)(Tensor(golden.tensor("input_ids")));
    EXPECT_LE(golden.fp32_error("logits", logits.value()), 1.0);
    const int64_t layers = model->config().n_layer;
    for (int64_t n = 0; n < layers; ++n) {
      EXPECT_LE(golden.fp32_error(fmt::format("hidden.{}", n), seen.at(fmt::format("hidden.{}", n))[0]), 1.0)
          << n;
    }
    for (const char* name :
         {"hidden.embed", "hidden.norm", "layer0.attn_norm", "layer0.mlp_norm", "layer0.q", "layer0.k",
          "layer0.v", "layer0.attn_context", "layer0.attn_out", "layer0.mlp_out"}) {
      EXPECT_LE(golden.fp32_error(name, seen.at(name)[0]), 1.0) << name;
    }
    std::vector<double> probs;  // one array for each text of the batch
    for (const Array& a : seen.at("layer0.attn_probs")) {
      const auto v = Golden::values(a);
      probs.insert(probs.end(), v.begin(), v.end());
    }
    EXPECT_LE(golden.fp32_error("layer0.attn_probs", Array::from(probs, {int64_t(probs.size())})), 1.0);
  }
}

TEST(QwenModel, Bf16StaysInsideTheRoundingOfTheReference) {
  for (const auto& folder : golden_folders()) {
    SCOPED_TRACE(folder.filename());
    const Golden golden(folder);
    no_grad quiet;
    {
      const auto model = QwenModel::from_folder(folder);
      autocast cast;
      EXPECT_LE(golden.bf16_error("logits", (*model)(Tensor(golden.tensor("input_ids"))).value()), 1.0);
    }
    const auto model = QwenModel::from_folder(folder, DType::bf16);
    EXPECT_LE(golden.bf16_error("logits", (*model)(Tensor(golden.tensor("input_ids"))).value()), 1.0);
  }
}

TEST(QwenModel, ReadsLikeTheSeed) {
  const QwenConfig config{.vocab_size = 97, .n_layer = 2, .n_head = 4, .n_embd = 32, .max_seq_len = 64};
  QwenModel model(config);
  const Tensor logits = model(tensor({{1, 2, 3, 4, 5}}));
  EXPECT_EQ(logits.shape(), (Shape{1, 5, 97}));
  EXPECT_TRUE(logits.requires_grad());
  EXPECT_THROW(model(tensor({{1, 97}})), Error);
  EXPECT_THROW(model(tensor({1, 2})), Error);
}

TEST(QwenModel, SavesAndLoadsInTheNamesOfEveryFamily) {
  for (const QwenFamily family : {QwenFamily::qwen1, QwenFamily::qwen15, QwenFamily::qwen3}) {
    for (const bool tied : {false, true}) {
      QwenConfig config{.vocab_size = 97,
                        .n_layer = 2,
                        .n_head = 4,
                        .n_embd = 32,
                        .max_seq_len = 64,
                        .dropout = 0,
                        .family = family,
                        .tie_word_embeddings = tied};
      const QwenModel model(config, DType::f32, 7);
      for (const Naming naming : {naming_of(family), Naming::llama}) {
        const genesis::testing::TempFolder folder;
        model.save(folder.path(), {.naming = naming, .max_shard_bytes = 20000});
        const auto back = QwenModel::from_folder(folder.path());
        const auto wanted = model.named_parameters(), found = back->named_parameters();
        ASSERT_EQ(wanted.size(), found.size());
        for (size_t i = 0; i < wanted.size(); ++i) {
          EXPECT_EQ(wanted[i].first, found[i].first);
          EXPECT_EQ(wanted[i].second.tolist(), found[i].second.tolist()) << wanted[i].first;
        }
      }
    }
  }
}

TEST(QwenModel, InitialValuesOfPreTraining) {
  const QwenConfig config{.vocab_size = 500, .n_layer = 8, .n_head = 4, .n_embd = 64, .max_seq_len = 64};
  const QwenModel model(config);
  for (const auto& [name, p] : model.named_parameters()) {
    double sum = 0, squares = 0;
    for (const double v : p.tolist()) sum += v, squares += v * v;
    const double n = double(p.numel()), mean = sum / n, std = std::sqrt(squares / n - mean * mean);
    if (p.ndim() == 1) {
      EXPECT_EQ(mean, name.ends_with(".bias") ? 0.0 : 1.0) << name;
      EXPECT_NEAR(std, 0.0, 1e-12) << name;
    } else {
      const bool residual = name.ends_with("out.weight") || name.ends_with("down.weight");
      EXPECT_NEAR(std, residual ? 0.02 / 4 : 0.02, 0.0004) << name;
      EXPECT_NEAR(mean, 0.0, 0.0015) << name;
    }
  }
  EXPECT_NE(QwenModel(config, DType::f32, 1).parameters()[0].tolist(),
            QwenModel(config, DType::f32, 2).parameters()[0].tolist());
}

TEST(QwenModel, PackedTextsDoNotSeeEachOther) {
  for (const auto& folder : golden_folders()) {
    SCOPED_TRACE(folder.filename());
    const Golden golden(folder);
    const auto model = QwenModel::from_folder(folder);
    std::vector<std::vector<int32_t>> texts;
    const Array ids = golden.tensor("packed.input_ids").view({-1});
    int64_t at = 0;
    for (const auto& length : golden.numbers()["packed"]["document_lengths"]) {
      const int64_t n = length.get<int64_t>();
      const int32_t* p = ids.data<int32_t>();
      texts.emplace_back(p + at, p + at + n);
      at += n;
    }
    no_grad quiet;
    std::map<std::string, Array> seen;
    model->set_tracer({[&](std::string_view name, const Array& value) {
                         if (name == "layer0.q" || name == "layer0.k") {
                           seen[std::string(name)] = Array::from(Golden::values(value), value.shape());
                         }
                       },
                       false});
    EXPECT_LE(golden.fp32_error("packed.logits", model->logits(TokenBatch::from_texts(texts)).value()), 1.0);
    EXPECT_LE(golden.fp32_error("packed.layer0.q", seen["layer0.q"]), 1.0);
    EXPECT_LE(golden.fp32_error("packed.layer0.k", seen["layer0.k"]), 1.0);
  }
}

TEST(QwenModel, TextsBeyondTheTrainingLength) {
  int checked = 0;
  for (const auto& folder : golden_folders()) {
    const Golden golden(folder);
    for (const auto& item : golden.numbers()["long"]["cases"]) {
      const std::string name = fmt::format("long.{}.", item["length"].get<int64_t>());
      SCOPED_TRACE(folder.filename().string() + " " + name);
      const QwenConfig config = QwenConfig::from_json(folder);
      EXPECT_EQ(QwenModel(config).ntk_alpha(item["length"].get<int64_t>()), item["ntk_alpha"].get<double>());
      const auto logits = [&](bool training, bool ntk, bool logn) {
        QwenConfig c = config;
        c.use_dynamic_ntk &= ntk;
        c.use_logn_attn &= logn;
        QwenModel model(c);
        model.load(folder);
        model.train(training);
        no_grad quiet;
        return model(Tensor(golden.tensor(name + "input_ids"))).value();
      };
      EXPECT_LE(golden.fp32_error(name + "logits", logits(false, true, true)), 1.0);
      ++checked;
      if (!golden.has(name + "logits_training_mode")) continue;
      EXPECT_LE(golden.fp32_error(name + "logits_training_mode", logits(true, true, true)), 1.0);
      EXPECT_LE(golden.fp32_error(name + "logits_ntk_only", logits(false, true, false)), 1.0);
      EXPECT_LE(golden.fp32_error(name + "logits_logn_only", logits(false, false, true)), 1.0);
    }
  }
  EXPECT_GE(checked, 2);
}

TEST(Generation, GreedyTokensOfTheReference) {
  for (const auto& folder : golden_folders()) {
    SCOPED_TRACE(folder.filename());
    const Golden golden(folder);
    const auto model = QwenModel::from_folder(folder);
    const auto& cases = golden.numbers()["generate"]["cases"];
    std::vector<std::vector<int32_t>> prompts, wanted;
    for (const auto& c : cases) {
      prompts.push_back(c["prompt"].get<std::vector<int32_t>>());
      wanted.push_back(c["new_ids"].get<std::vector<int32_t>>());
    }
    const GenerationConfig config{.max_new_tokens =
                                      golden.numbers()["generate"]["new_tokens"].get<int64_t>()};
    // all prompts in one batch, then through fewer slots than prompts, then one at a time
    for (const int64_t slots : {8, 2, 1}) {
      const auto got = generate(*model, prompts, config, {}, slots);
      for (size_t i = 0; i < prompts.size(); ++i)
        EXPECT_EQ(got[i].tokens, wanted[i]) << "prompt " << i << ", slots " << slots;
    }
    EXPECT_TRUE(model->is_training());
    // the logits that decided each token
    model->eval();
    for (size_t i = 0; i < prompts.size(); ++i) {
      KvCache cache(model->config(), 1, int64_t(prompts[i].size()) + config.max_new_tokens, DType::f32);
      std::vector<double> rows;
      std::vector<int32_t> next = prompts[i];
      for (const int32_t token : wanted[i]) {
        const Array logits =
            model->next_logits({{next}, {0}, {model->ntk_alpha(int64_t(prompts[i].size()))}}, cache);
        const auto v = Golden::values(logits);
        rows.insert(rows.end(), v.begin(), v.end());
        next = {token};
      }
      EXPECT_LE(golden.fp32_error(fmt::format("gen.{}.logits", i), Array::from(rows, {int64_t(rows.size())})),
                1.0)
          << i;
    }
  }
}

}  // namespace
}  // namespace genesis::models
