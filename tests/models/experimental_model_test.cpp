// Models that no released family computes: switches set by hand in a YAML.
#include <gtest/gtest.h>

#include "autograd/grad_mode.h"
#include "models/config/model_keys.h"
#include "models/generation/generate.h"
#include "models/qwen/model.h"
#include "tests/support/error_message.h"
#include "tests/support/temp_folder.h"

namespace genesis::models {
namespace {

using genesis::testing::message_of;
using genesis::testing::TempFolder;

QwenConfig small(QwenFamily family = QwenFamily::qwen1) {
  return {.vocab_size = 61,
          .n_layer = 2,
          .n_head = 4,
          .n_embd = 32,
          .max_seq_len = 64,
          .dropout = 0,
          .family = family,
          .initializer_range = 0.3};
}

/// The rows of every query and key head of `from` in the order that makes halves of neighbours:
/// row i of the result is row 2i, row i + d/2 is row 2i + 1.
void take_as_halves(const QwenModel& from, const QwenModel& to) {
  const QwenConfig& c = from.config();
  const auto source = from.named_parameters(), target = to.named_parameters();
  ASSERT_EQ(source.size(), target.size());
  for (size_t p = 0; p < source.size(); ++p) {
    const auto& [name, tensor] = source[p];
    const int64_t rows = tensor.size(0), columns = tensor.numel() / rows, d = c.head_dim;
    const float* x = tensor.value().data<float>();
    float* y = target[p].second.value().data<float>();
    const bool turned = name.find("attention.qkv") != std::string::npos;
    for (int64_t r = 0; r < rows; ++r) {
      const int64_t i = r % d, half = d / 2;
      const bool moves = turned && r < (c.n_head + c.n_kv_head) * d;
      const int64_t of = moves ? r - i + (i < half ? 2 * i : 2 * (i - half) + 1) : r;
      std::copy_n(x + of * columns, columns, y + r * columns);
    }
  }
}

TEST(ExperimentalModel, InterleavedRotaryIsHalvesOfReorderedRows) {
  no_grad quiet;
  for (const QwenFamily family : {QwenFamily::qwen1, QwenFamily::qwen15}) {
    QwenConfig config = small(family);
    if (family == QwenFamily::qwen15) config.n_kv_head = 2;
    QwenModel halves(config);
    config.rope_interleaved = true;
    QwenModel neighbours(config, DType::f32, 3);
    take_as_halves(neighbours, halves);
    const Tensor ids = tensor({{5, 9, 2, 33, 60, 17, 8}});
    const auto expected = halves(ids).tolist(), found = neighbours(ids).tolist();
    double largest = 0, difference = 0;
    for (size_t i = 0; i < found.size(); ++i) {
      largest = std::max(largest, std::abs(expected[i]));
      difference = std::max(difference, std::abs(expected[i] - found[i]));
    }
    EXPECT_LE(difference, 2e-6 * largest);
    // the same greedy ids with the key cache, whose path rotates on its own
    const std::vector<std::vector<int32_t>> prompts{{5, 9, 2, 33}, {1, 60}};
    const auto a = generate(halves, prompts, {.max_new_tokens = 12});
    const auto b = generate(neighbours, prompts, {.max_new_tokens = 12});
    for (size_t i = 0; i < prompts.size(); ++i) EXPECT_EQ(a[i].tokens, b[i].tokens);
  }
}

TEST(ExperimentalModel, IsSavedAndReadBackUnderItsOwnType) {
  QwenConfig both = small();
  both.qk_norm = true;
  QwenConfig neither = small(QwenFamily::qwen15);
  neither.qkv_bias = false;
  QwenConfig turned = small();
  turned.rope_interleaved = true;
  turned.use_dynamic_ntk = turned.use_logn_attn = true;
  turned.seq_length = 32;
  QwenConfig biased = small(QwenFamily::qwen3);
  biased.bias = true;
  for (const QwenConfig& config : {both, neither, turned, biased}) {
    EXPECT_FALSE(experimental_reason(config).empty());
    const QwenModel model(config, DType::f32, 5);
    const TempFolder folder;
    model.save(folder.path());
    const auto back = QwenModel::from_folder(folder.path());
    QwenConfig found = back->config(), wanted = model.config();
    found.dtype = wanted.dtype;
    EXPECT_EQ(found, wanted);
    const auto a = model.named_parameters(), b = back->named_parameters();
    ASSERT_EQ(a.size(), b.size());
    for (size_t i = 0; i < a.size(); ++i) EXPECT_EQ(a[i].second.tolist(), b[i].second.tolist()) << a[i].first;
    const std::string text = huggingface_config(config, naming_of(config));
    EXPECT_NE(text.find("\"genesis_qwen\""), std::string::npos) << text;
    EXPECT_THROW(huggingface_config(config, Naming::qwen), ConfigError);
  }
}

TEST(ExperimentalModel, ReleasedFamiliesAreNotExperiments) {
  for (const QwenFamily family : {QwenFamily::qwen1, QwenFamily::qwen15, QwenFamily::qwen3})
    EXPECT_EQ(experimental_reason(small(family)), "") << name_of(family);
  QwenConfig biased = small();
  biased.bias = true;  // no_bias: false of Qwen-1's config.json
  EXPECT_EQ(experimental_reason(biased), "");
  EXPECT_EQ(naming_of(biased), Naming::qwen);
  QwenConfig grouped = small();
  grouped.n_kv_head = 2;
  EXPECT_EQ(naming_of(grouped), Naming::llama);  // Qwen1.5 computes it
}

TEST(ExperimentalModel, SwitchesComeFromYaml) {
  const std::string shape = "vocab_size: 61\nhidden_size: 32\nnum_layers: 20\nnum_heads: 4\n";
  const QwenConfig c = parse_yaml_config(
      shape + "use_qk_norm: true\nrope_interleaved: true\nrope_base: 500\ndtype: float32\n", "seed.yaml");
  EXPECT_TRUE(c.rope_interleaved);
  EXPECT_TRUE(*c.qk_norm);
  EXPECT_EQ(c.n_layer, 20);
  EXPECT_EQ(c.rope_base, 500);
  EXPECT_EQ(c.dtype, DType::f32);
  EXPECT_EQ(parse_yaml_config(yaml_config(c), "again.yaml"), c);
  const auto text =
      message_of<ConfigError>([&] { parse_yaml_config(shape + "rope_interleaved: maybe\n", "seed.yaml"); });
  EXPECT_NE(text.find("seed.yaml:5"), std::string::npos) << text;
}

}  // namespace
}  // namespace genesis::models
