#include "models/names/checkpoint_layout.h"

#include <gtest/gtest.h>

#include <functional>
#include <map>

#include "models/safetensors/checkpoint_writer.h"
#include "tests/support/error_message.h"
#include "tests/support/shared_data.h"
#include "tests/support/temp_folder.h"

namespace genesis::models {
namespace {

using genesis::testing::message_of;
using genesis::testing::TempFolder;

QwenConfig tiny(QwenFamily family) {
  QwenConfig c{.vocab_size = 11,
               .n_layer = 2,
               .n_head = 4,
               .n_embd = 8,
               .max_seq_len = 16,
               .family = family,
               .intermediate_size = 6};
  if (family != QwenFamily::qwen1) c.n_kv_head = 2;
  if (family == QwenFamily::qwen3) c.head_dim = 6;
  return c;
}

const std::vector<std::pair<QwenConfig, Naming>>& cases() {
  static const auto all = [] {
    std::vector<std::pair<QwenConfig, Naming>> v{{tiny(QwenFamily::qwen1), Naming::qwen},
                                                 {tiny(QwenFamily::qwen1), Naming::llama},
                                                 {tiny(QwenFamily::qwen15), Naming::llama},
                                                 {tiny(QwenFamily::qwen3), Naming::llama}};
    for (size_t i = 0; i < 4; ++i) {
      v.push_back(v[i]);
      v.back().first.bias = true;
      v.push_back(v[i]);
      v.back().first.tie_word_embeddings = true;
    }
    return v;
  }();
  return all;
}

TEST(CheckpointLayout, TilesEveryParameterExactly) {
  for (const auto& [config, naming] : cases()) {
    std::map<std::string, Shape> parameters;
    int64_t total = 0;
    for (const auto& p : parameter_layout(config)) {
      EXPECT_TRUE(parameters.emplace(p.name, p.shape).second) << p.name;
      total += numel_of(p.shape);
    }
    EXPECT_EQ(total, parameter_count(config));
    std::map<std::string, std::map<int64_t, int64_t>> rows;  // parameter -> begin -> end
    for (const auto& t : checkpoint_layout(config, naming)) {
      ASSERT_TRUE(parameters.contains(t.parameter)) << t.parameter;
      const Shape& shape = parameters[t.parameter];
      EXPECT_EQ(t.shape.size(), shape.size()) << t.name;
      EXPECT_EQ(t.shape.back(), shape.size() == 2 ? shape[1] : t.shape[0]) << t.name;
      EXPECT_EQ(t.shape[0], t.row_end - t.row_begin) << t.name;
      EXPECT_TRUE(rows[t.parameter].emplace(t.row_begin, t.row_end).second) << t.name;
    }
    for (const auto& [name, shape] : parameters) {
      int64_t at = 0;
      for (const auto& [begin, end] : rows[name]) {
        EXPECT_EQ(begin, at) << name;
        at = end;
      }
      EXPECT_EQ(at, shape[0]) << name;
    }
  }
}

TEST(CheckpointLayout, TensorCountsOfTheFamilies) {
  EXPECT_EQ(checkpoint_layout(tiny(QwenFamily::qwen1), Naming::qwen).size(), 8u * 2 + 3);
  EXPECT_EQ(checkpoint_layout(tiny(QwenFamily::qwen15), Naming::llama).size(), 12u * 2 + 3);
  EXPECT_EQ(checkpoint_layout(tiny(QwenFamily::qwen3), Naming::llama).size(), 11u * 2 + 3);
  EXPECT_THROW(checkpoint_layout(tiny(QwenFamily::qwen15), Naming::qwen), ConfigError);
}

CheckpointTensor find(const std::vector<CheckpointTensor>& layout, std::string_view name) {
  for (const auto& t : layout) {
    if (t.name == name) return t;
  }
  ADD_FAILURE() << name;
  return {};
}

TEST(CheckpointLayout, TheBranchInsideSiluComesFirst) {
  const auto one = checkpoint_layout(tiny(QwenFamily::qwen1), Naming::qwen);
  EXPECT_EQ(find(one, "transformer.h.1.mlp.w2.weight").row_begin, 0);
  EXPECT_EQ(find(one, "transformer.h.1.mlp.w1.weight").row_begin, 6);
  const auto next = checkpoint_layout(tiny(QwenFamily::qwen15), Naming::llama);
  EXPECT_EQ(find(next, "model.layers.0.mlp.gate_proj.weight").row_begin, 0);
  EXPECT_EQ(find(next, "model.layers.0.mlp.up_proj.weight").row_begin, 6);
  const auto key = find(next, "model.layers.0.self_attn.k_proj.bias");
  EXPECT_EQ(key.parameter, "layers.0.attention.qkv.bias");
  EXPECT_EQ(key.row_begin, 8);
  EXPECT_EQ(key.row_end, 12);
  EXPECT_EQ(find(next, "model.layers.0.self_attn.v_proj.weight").row_begin, 12);
}

/// Writes a folder with the layout's tensors, changed by `edit`.
CheckpointFolder write(const TempFolder& folder, const QwenConfig& config, Naming naming,
                       const std::function<void(std::vector<TensorToWrite>&)>& edit) {
  std::vector<TensorToWrite> tensors;
  for (const auto& t : checkpoint_layout(config, naming)) tensors.push_back({t.name, DType::f32, t.shape});
  edit(tensors);
  CheckpointWriter w(folder.path(), tensors);
  for (const auto& t : tensors) w.write(t.name, Array::zeros(t.shape, t.dtype));
  w.finish();
  return CheckpointFolder::open(folder.path());
}

TEST(CheckpointLayout, MatchesAndIgnoresBuffers) {
  for (const auto& [config, naming] : cases()) {
    const TempFolder folder;
    const auto f = write(folder, config, naming, [&](auto& tensors) {
      tensors.push_back({"transformer.h.0.attn.rotary_emb.inv_freq", DType::f32, {2}});
      tensors.push_back({"transformer.h.0.attn.masked_bias", DType::f32, {1}});
      if (config.tie_word_embeddings) tensors.push_back({"lm_head.weight", DType::f32, {11, 8}});
    });
    EXPECT_EQ(naming_of(f), naming);
    EXPECT_EQ(match_checkpoint(f, config).size(), checkpoint_layout(config, naming).size());
  }
}

TEST(CheckpointLayout, ListsEverythingThatDoesNotFitInOneError) {
  const QwenConfig config = tiny(QwenFamily::qwen1);
  const TempFolder folder;
  const auto f = write(folder, config, Naming::qwen, [](auto& tensors) {
    std::erase_if(tensors, [](const auto& t) { return t.name.ends_with("ln_1.weight"); });
    tensors.back().shape = {12, 8};
    tensors.push_back({"transformer.h.2.ln_1.weight", DType::f32, {8}});
  });
  const std::string message = message_of<CheckpointError>([&] { match_checkpoint(f, config); });
  for (const char* part : {"2 missing: transformer.h.0.ln_1.weight, transformer.h.1.ln_1.weight",
                           "1 of another shape: lm_head.weight is [12, 8], the config says [11, 8]",
                           "1 unexpected: transformer.h.2.ln_1.weight"}) {
    EXPECT_NE(message.find(part), std::string::npos) << message;
  }
}

TEST(CheckpointLayout, RefusesQuantisedAndForeignWeights) {
  const TempFolder quantised, foreign;
  const auto write_one = [](const TempFolder& folder, const char* name) {
    CheckpointWriter w(folder.path(), {{name, DType::f32, {1}}});
    w.write(name, Array::zeros({1}, DType::f32));
    w.finish();
    return CheckpointFolder::open(folder.path());
  };
  const auto q = write_one(quantised, "transformer.h.0.attn.c_attn.qweight");
  EXPECT_NE(message_of<CheckpointError>([&] { match_checkpoint(q, tiny(QwenFamily::qwen1)); }).find("GPTQ"),
            std::string::npos);
  const auto g = write_one(foreign, "wte.weight");
  EXPECT_NE(
      message_of<CheckpointError>([&] { match_checkpoint(g, tiny(QwenFamily::qwen1)); }).find("neither"),
      std::string::npos);
}

TEST(CheckpointLayout, FitsTheReferenceModels) {
  const auto path = genesis::testing::shared_path("golden");
  if (!path) return;
  for (const char* name : {"tiny_qwen1", "tiny_qwen1_bf16", "tiny_qwen15", "tiny_qwen15_gqa", "tiny_qwen3"}) {
    const auto folder = CheckpointFolder::open(*path / name);
    EXPECT_EQ(match_checkpoint(folder, QwenConfig::from_json(*path / name)).size(), folder.names().size());
  }
}

}  // namespace
}  // namespace genesis::models
