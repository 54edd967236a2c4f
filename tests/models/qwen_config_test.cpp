#include "models/config/qwen_config.h"

#include <gtest/gtest.h>

#include "models/config/huggingface.h"
#include "models/config/model_keys.h"
#include "tests/support/error_message.h"
#include "tests/support/shared_data.h"
#include "tests/support/temp_folder.h"

namespace genesis::models {
namespace {

using genesis::testing::message_of;

QwenConfig shape(QwenFamily family, int64_t v, int64_t h, int64_t l, int64_t a, int64_t k, int64_t d,
                 int64_t f, bool tied) {
  return {.vocab_size = v,
          .n_layer = l,
          .n_head = a,
          .n_embd = h,
          .family = family,
          .n_kv_head = k,
          .head_dim = d,
          .intermediate_size = f,
          .tie_word_embeddings = tied};
}

TEST(QwenConfig, ParameterCountsOfTheReleasedModels) {
  const auto one = [](int64_t v, int64_t h, int64_t l, int64_t a, int64_t f) {
    return parameter_count(shape(QwenFamily::qwen1, v, h, l, a, a, 128, f, false));
  };
  EXPECT_EQ(one(151936, 2048, 24, 16, 5504), 1'836'828'672);
  EXPECT_EQ(one(151936, 4096, 32, 32, 11008), 7'721'324'544);
  EXPECT_EQ(one(152064, 5120, 40, 40, 13696), 14'167'290'880);
  EXPECT_EQ(one(152064, 8192, 80, 64, 24576), 72'287'920'128);

  const auto next = [](int64_t v, int64_t h, int64_t l, int64_t a, int64_t k, int64_t f, bool tied) {
    return parameter_count(shape(QwenFamily::qwen15, v, h, l, a, k, h / a, f, tied));
  };
  EXPECT_EQ(next(151936, 1024, 24, 16, 16, 2816, true), 463'987'712);
  EXPECT_EQ(next(151936, 2048, 24, 16, 16, 5504, false), 1'836'828'672);
  EXPECT_EQ(next(151936, 2560, 40, 20, 20, 6912, false), 3'950'369'280);
  EXPECT_EQ(next(151936, 4096, 32, 32, 32, 11008, false), 7'721'324'544);
  EXPECT_EQ(next(152064, 5120, 40, 40, 40, 13696, false), 14'167'290'880);
  EXPECT_EQ(next(152064, 5120, 64, 40, 8, 27392, false), 32'512'218'112);
  EXPECT_EQ(next(152064, 8192, 80, 64, 64, 24576, false), 72'287'920'128);

  const auto third = [](int64_t h, int64_t l, int64_t a, int64_t f, bool tied) {
    return parameter_count(shape(QwenFamily::qwen3, 151936, h, l, a, 8, 128, f, tied));
  };
  EXPECT_EQ(third(1024, 28, 16, 3072, true), 596'049'920);
  EXPECT_EQ(third(2048, 28, 16, 6144, true), 1'720'574'976);
  EXPECT_EQ(third(2560, 36, 32, 9728, true), 4'022'468'096);
  EXPECT_EQ(third(4096, 36, 32, 12288, false), 8'190'735'360);
  EXPECT_EQ(third(5120, 40, 40, 17408, false), 14'768'307'200);
  EXPECT_EQ(third(5120, 64, 64, 25600, false), 32'762'123'264);
}

TEST(QwenConfig, ReadsLikeATableAndFillsTheRest) {
  const QwenConfig made{
      .vocab_size = 32000, .n_layer = 24, .n_head = 16, .n_embd = 2048, .max_seq_len = 2048};
  EXPECT_EQ(made, QwenConfig{});  // the defaults of the class
  const QwenConfig c = made.resolved();
  EXPECT_EQ(c.n_kv_head, 16);
  EXPECT_EQ(c.head_dim, 128);
  EXPECT_EQ(c.intermediate_size, 5504);  // the shape of Qwen-1_8B
  EXPECT_EQ(c.seq_length, 2048);
  EXPECT_TRUE(*c.qkv_bias);
  EXPECT_FALSE(*c.qk_norm);
  EXPECT_EQ(c.rope_base, 10000);
  EXPECT_EQ((QwenConfig{.n_embd = 1024}.resolved().intermediate_size), 2816);  // Qwen1.5-0.5B
  EXPECT_EQ((QwenConfig{.n_embd = 4096}.resolved().intermediate_size), 11008);
  const QwenConfig three = QwenConfig{.family = QwenFamily::qwen3}.resolved();
  EXPECT_FALSE(*three.qkv_bias);
  EXPECT_TRUE(*three.qk_norm);
  EXPECT_EQ(three.rope_base, 1e6);
}

TEST(QwenConfig, ErrorsNameKeyAndValue) {
  const std::pair<QwenConfig, const char*> cases[] = {
      {{.vocab_size = 0}, "'vocab_size' is 0"},
      {{.n_layer = -1}, "'n_layer' is -1"},
      {{.n_head = 0}, "'n_head' is 0"},
      {{.n_head = 7}, "'n_embd' is 2048: n_head 7"},
      {{.n_embd = int64_t(1) << 23}, "'n_embd' is 8388608: it must be from 1 to 4194304"},
      {{.head_dim = int64_t(1) << 19}, "'n_head * head_dim' is 8388608"},
      {{.dropout = 1.0}, "'dropout' is 1"},
      {{.n_kv_head = 3}, "'n_kv_head' is 3: it must divide n_head 16"},
      {{.head_dim = 7}, "'head_dim' is 7"},
      {{.rope_base = -1}, "'rope_base' is -1"},
      {{.norm_eps = 0}, "'norm_eps' is 0"},
      {{.initializer_range = 0}, "'initializer_range' is 0"},
      {{.dtype = DType::i32}, "'dtype' is i32"},
  };
  for (const auto& [config, part] : cases) {
    const std::string message = message_of<ConfigError>([&] { config.resolved(); });
    EXPECT_NE(message.find(part), std::string::npos) << message;
  }
}

constexpr const char* kSevenB =
    R"({"architectures": ["QWenLMHeadModel"], "attn_dropout_prob": 0.0, "bf16": false,
  "emb_dropout_prob": 0.0, "hidden_size": 4096, "intermediate_size": 22016, "initializer_range": 0.02, "kv_channels": 128,
  "layer_norm_epsilon": 1e-06, "max_position_embeddings": 32768, "model_type": "qwen", "no_bias": true,
  "num_attention_heads": 32, "num_hidden_layers": 32, "onnx_safe": null, "rotary_emb_base": 10000, "rotary_pct": 1.0,
  "scale_attn_weights": true, "seq_length": 8192, "tie_word_embeddings": false, "use_dynamic_ntk": true,
  "use_flash_attn": "auto", "use_logn_attn": true, "vocab_size": 151936})";

TEST(HuggingFaceConfig, ReadsQwen1) {
  const QwenConfig c = parse_huggingface_config(kSevenB, "config.json");
  EXPECT_EQ(c.family, QwenFamily::qwen1);
  EXPECT_EQ(c.intermediate_size, 11008);  // written doubled
  EXPECT_EQ(c.seq_length, 8192);
  EXPECT_EQ(c.max_seq_len, 32768);
  EXPECT_EQ(c.dropout, 0.0);
  EXPECT_TRUE(c.use_dynamic_ntk && c.use_logn_attn && *c.qkv_bias && !c.bias);
  EXPECT_EQ(parameter_count(c), 7'721'324'544);
}

TEST(HuggingFaceConfig, ReadsTheKeysOfTheFirstRelease) {
  const QwenConfig c = parse_huggingface_config(
      R"({"model_type": "qwen", "n_embd": 4096, "n_head": 32, "n_layer": 32, "n_positions": 6144, "ffn_hidden_size": 22016,
          "padded_vocab_size": 151936, "vocab_size": 151900, "embd_pdrop": 0.1, "attn_pdrop": 0.0, "resid_pdrop": 0.1, "kv_channels": 128,
          "layer_norm_epsilon": 1e-05, "seq_length": 2048, "params_dtype": "torch.bfloat16", "rotary_emb_base": 10000})",
      "config.json");
  EXPECT_EQ(parameter_count(c), 7'721'324'544);
  EXPECT_EQ(c.norm_eps, 1e-5);
  EXPECT_EQ(c.dropout, 0.1);
  EXPECT_EQ(c.dtype, DType::bf16);
  EXPECT_EQ(c.max_seq_len, 6144);
}

TEST(HuggingFaceConfig, ReadsQwen15AndQwen3) {
  const QwenConfig c = parse_huggingface_config(
      R"({"model_type": "qwen2", "hidden_size": 5120, "intermediate_size": 27392, "num_hidden_layers": 64, "num_attention_heads": 40,
          "num_key_value_heads": 8, "vocab_size": 152064, "rope_theta": 1000000.0, "torch_dtype": "bfloat16"})",
      "config.json");
  EXPECT_EQ(parameter_count(c), 32'512'218'112);
  EXPECT_EQ(c.rope_base, 1e6);
  EXPECT_FALSE(c.use_dynamic_ntk || c.use_logn_attn);
  const QwenConfig d = parse_huggingface_config(
      R"({"architectures": ["Qwen3ForCausalLM"], "hidden_size": 1024, "intermediate_size": 3072, "num_hidden_layers": 28,
          "num_attention_heads": 16, "num_key_value_heads": 8, "vocab_size": 151936, "tie_word_embeddings": true,
          "rope_parameters": {"rope_theta": 1000000, "rope_type": "default"}, "rope_scaling": null})",
      "config.json");
  EXPECT_EQ(d.head_dim, 128);
  EXPECT_EQ(parameter_count(d), 596'049'920);
  EXPECT_EQ(d.rope_base, 1e6);
}

TEST(HuggingFaceConfig, WritesWhatItReads) {
  const QwenConfig one = parse_huggingface_config(kSevenB, "config.json");
  QwenConfig back = parse_huggingface_config(huggingface_config(one, Naming::qwen), "back");
  EXPECT_EQ(back, one);
  // the same weights under the other names: NTK and logn have no key there
  back = parse_huggingface_config(huggingface_config(one, Naming::llama), "back");
  EXPECT_EQ(back.family, QwenFamily::qwen15);
  EXPECT_EQ(parameter_count(back), parameter_count(one));
  EXPECT_EQ(back.rope_base, one.rope_base);
  const QwenConfig three = shape(QwenFamily::qwen3, 300, 48, 2, 6, 3, 32, 75, true).resolved();
  back = parse_huggingface_config(huggingface_config(three, Naming::llama), "back");
  back.dropout = three.dropout;
  back.seq_length = three.seq_length;
  EXPECT_EQ(back, three);
  EXPECT_THROW(huggingface_config(three, Naming::qwen), ConfigError);
  EXPECT_THROW(huggingface_config(shape(QwenFamily::qwen15, 300, 64, 2, 8, 2, 8, 75, false), Naming::qwen),
               ConfigError);
}

TEST(HuggingFaceConfig, RefusesWhatItWouldComputeWrongly) {
  const auto with = [](std::string_view key, std::string_view value) {
    std::string text = kSevenB;
    const size_t at = text.find("\"" + std::string(key) + "\"");
    if (at == std::string::npos) return fmt::format("{{\"{}\": {}, {}", key, value, text.substr(1));
    const size_t colon = text.find(':', at), end = text.find_first_of(",}", colon);
    return text.replace(colon + 1, end - colon - 1, value);
  };
  const std::pair<std::string, const char*> cases[] = {
      {with("model_type", "\"llama\""), "key 'model_type' is \"llama\""},
      {with("model_type", "3"), "must be text"},
      {with("hidden_size", "\"4096\""), "key 'hidden_size' is \"4096\""},
      {with("hidden_size", "4096.5"), "whole number"},
      {with("hidden_size", "-4096"), "whole number"},
      {with("hidden_size", "null"), "needed"},
      {with("num_attention_heads", "0"), "kv_channels"},
      {with("intermediate_size", "22017"), "even"},
      {with("kv_channels", "64"), "hidden_size 4096"},
      {with("rotary_pct", "0.5"), "rotary_pct"},
      {with("no_bias", "1"), "true or false"},
      {with("quantization_config", "{}"), "quantised"},
      {with("rope_scaling", R"({"type": "yarn"})"), "rope_scaling"},
      {with("use_sliding_window", "true"), "sliding"},
      {with("hidden_act", "\"gelu\""), "hidden_act"},
      {with("torch_dtype", "\"int8\""), "torch_dtype"},
      {"{", "not valid JSON"},
      {"[]", "object"},
      {R"({"model_type": "qwen", "model_type": "qwen"})", "twice"},
  };
  for (const auto& [text, part] : cases) {
    SCOPED_TRACE(text);
    const std::string message =
        message_of<ConfigError>([&] { parse_huggingface_config(text, "m/config.json"); });
    EXPECT_NE(message.find(part), std::string::npos) << message;
    EXPECT_NE(message.find("m/config.json"), std::string::npos) << message;
  }
  EXPECT_THROW(QwenConfig::from_json("/nonexistent"), ConfigError);
}

TEST(YamlConfig, TakesTheNamesOfBothSeeds) {
  const char* texts[] = {
      "vocab_size: 151936\nn_layer: 32\nn_head: 32\nn_embd: 4096\nmax_seq_len: 8192\ndropout: 0.0\nbias: "
      "false\n",
      "vocab_size: 151936\ncontext_length: 8192\nembedding_dim: 4096\nnum_heads: 32\nnum_layers: "
      "32\nhidden_dim: 11008\n"
      "head_dim: 128\nuse_qk_norm: false\nrope_base: 10000.0\nqwen3_compatiable: false\n",
      "model_type: qwen\nvocab_size: 151936\nmax_position_embeddings: 8192\nhidden_size: "
      "4096\nnum_attention_heads: 32\n"
      "num_hidden_layers: 32\nintermediate_size: 22016\n",
      "model_type: qwen\nvocab_size: 151936\nn_positions: 8192\nhidden_size: 4096\nn_embd: 4096\nnum_heads: "
      "32\n"
      "n_layer: 32\nffn_hidden_size: 22016\nno_bias: true\nkv_channels: 128\n",
  };
  const QwenConfig first = parse_yaml_config(texts[0], "a.yaml");
  EXPECT_EQ(parameter_count(first), 7'721'324'544);
  EXPECT_EQ(first.dropout, 0.0);
  for (const char* text : texts) EXPECT_EQ(parse_yaml_config(text, "a.yaml"), first) << text;
  EXPECT_EQ(parse_yaml_config(yaml_config(first), "b.yaml"), first);
  QwenConfig other = shape(QwenFamily::qwen3, 300, 48, 2, 6, 3, 32, 75, true).resolved();
  other.dtype = DType::bf16;
  other.rope_base = 5e6;
  EXPECT_EQ(parse_yaml_config(yaml_config(other), "b.yaml"), other);
}

TEST(YamlConfig, ErrorsNameFileLineKeyAndValue) {
  const std::string good = "vocab_size: 100\nn_layer: 2\nn_head: 4\nn_embd: 64\n";
  const std::pair<std::string, const char*> cases[] = {
      {good + "n_heads: 4\n", "m.yaml:5: key 'n_heads' is unknown"},
      {good + "n_layer: 3\n", "m.yaml:5: key 'n_layer' is '3', but m.yaml:2"},
      {good + "n_layer: 2\n", "m.yaml:5: key 'n_layer'"},
      {good + "num_layers: 3\n", "m.yaml:5: key 'num_layers' is '3', but m.yaml:2 says n_layer '2'"},
      {good + "head_dim: wide\n", "m.yaml:5: key 'head_dim' is 'wide'"},
      {good + "head_dim: 16.5\n", "whole number"},
      {good + "rope_base: 1e4x\n", "must be a number"},
      {good + "bias: maybe\n", "true or false"},
      {good + "bias: [1]\n", "m.yaml:5: key 'bias' must be a single value"},
      {good + "intermediate_size: 256\n", "say model_type beside it"},
      {good + "intermediate_size: 255\nmodel_type: qwen\n", "even"},
      {good + "model_type: gpt\n", "'gpt'"},
      {good + "n_kv_head: 3\n", "m.yaml: model key 'n_kv_head' is 3"},
      {"vocab_size: 100\nn_layer: 2\nn_head: 4\n", "key 'hidden_size' is missing"},
      {"- 1\n", "map"},
      {"a: [\n", "not YAML"},
  };
  for (const auto& [text, part] : cases) {
    SCOPED_TRACE(text);
    const std::string message = message_of<ConfigError>([&] { parse_yaml_config(text, "m.yaml"); });
    EXPECT_NE(message.find(part), std::string::npos) << message;
  }
}

TEST(YamlConfig, ShippedFilesHaveTheReleasedShapes) {
  const std::pair<const char*, int64_t> files[] = {
      {"qwen1/qwen1_1.8B.yaml", 1'836'828'672}, {"qwen1/qwen1_7B.yaml", 7'721'324'544},
      {"qwen1/qwen1_14B.yaml", 14'167'290'880}, {"qwen1/qwen1_32B.yaml", 32'512'218'112},
      {"qwen3/qwen3_0.6B.yaml", 596'049'920},   {"qwen3/qwen3_1.7B.yaml", 1'720'574'976},
      {"qwen3/qwen3_4B.yaml", 4'022'468'096},   {"qwen3/qwen3_8B.yaml", 8'190'735'360},
      {"qwen3/qwen3_14B.yaml", 14'768'307'200}, {"qwen3/qwen3_32B.yaml", 32'762'123'264}};
  for (const auto& [name, count] : files) {
    EXPECT_EQ(
        parameter_count(QwenConfig::from_yaml(std::filesystem::path(GENESIS_SOURCE_DIR) / "configs" / name)),
        count)
        << name;
  }
}

TEST(HuggingFaceConfig, ReadsReferenceFolders) {
  const auto path = genesis::testing::shared_path("golden");
  if (!path) return;
  const QwenConfig c = QwenConfig::from_json(*path / "tiny_qwen1_bf16");
  EXPECT_EQ(c.intermediate_size, 45);
  EXPECT_EQ(c.dtype, DType::bf16);
  EXPECT_EQ(QwenConfig::from_json(*path / "tiny_qwen15_gqa").n_kv_head, 2);
  EXPECT_EQ(QwenConfig::from_json(*path / "tiny_qwen3").head_dim, 32);
}

}  // namespace
}  // namespace genesis::models
