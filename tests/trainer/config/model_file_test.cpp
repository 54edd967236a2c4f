#include "trainer/config/model_file.h"

#include <string>

#include "models/config/model_keys.h"
#include "tests/support/temp_folder.h"
#include "tests/trainer/config/config_text.h"
#include "trainer/config/key.h"

namespace genesis::trainer {
namespace {

/// A model YAML in a folder of this process: tests run side by side.
std::string model_file(const std::string& text) {
  static const testing::TempFolder folder;
  return folder.write("model.yaml", text).string();
}

models::QwenConfig shape_of(const TrainConfig& config) {
  std::vector<std::string> notices;
  return model_from_scratch(config, notices);
}

TEST(ModelFromScratch, InlineKeysAlone) {
  const auto m = shape_of(
      config_of("n_layer: 2\nn_head: 4\nn_embd: 64\nvocab_size: 320\nmax_seq_len: 48\nno_bias: true"));
  EXPECT_EQ(m.n_layer, 2);
  EXPECT_EQ(m.n_head, 4);
  EXPECT_EQ(m.n_embd, 64);
  EXPECT_EQ(m.max_seq_len, 48);
  EXPECT_EQ(m.intermediate_size, 256);
  EXPECT_EQ(m.dropout, 0);
  EXPECT_EQ(m.family, QwenFamily::qwen1);
}

TEST(ModelFromScratch, InlineKeysChangeTheFile) {
  const std::string path = model_file(
      "model_type: qwen\nvocab_size: 320\nhidden_size: 64\nnum_layers: 2\nnum_heads: 4\nintermediate_size: "
      "192\n"
      "context_length: 128\nseq_length: 32\n");
  const auto m = shape_of(config_of("model_name_or_path: " + path + "\nn_layer: 3"));
  EXPECT_EQ(m.n_layer, 3);
  EXPECT_EQ(m.intermediate_size, 96);
  EXPECT_EQ(m.max_seq_len, 128);
  EXPECT_EQ(m.seq_length, 32);
  EXPECT_EQ(shape_of(config_of("model_name_or_path: " + path + "\nhidden_dim: 100")).intermediate_size, 100);
}

TEST(ModelFromScratch, MistakesNameTheFile) {
  const auto message = [](const std::string& text) {
    const std::string path = model_file(text);
    const std::string m = config_error([&] { shape_of(config_of("model_name_or_path: " + path)); });
    EXPECT_EQ(m.rfind(path, 0), 0u) << m;
    return m.substr(path.size());
  };
  EXPECT_EQ(message("hidden_sise: 3"), ":1: key 'hidden_sise' is unknown; did you mean 'hidden_size'?");
  EXPECT_EQ(message("hidden_size: 3.5"), ":1: key 'hidden_size' must be an integer, is '3.5'");
  EXPECT_EQ(message("vocab_size: 3"), ": key 'hidden_size' is missing");
  EXPECT_EQ(message("seed: 3"),
            ":1: key 'seed' is unknown; it belongs into the training config, not to the model");
  EXPECT_NE(
      message("vocab_size: 9\nhidden_size: 9\nn_layer: 1\nn_head: 2").find("n_head 2 does not divide it"),
      std::string::npos);
}

// The models layer has its own table for its own readers; the two must know the same words.
TEST(ModelKeys, AreTheModelLayersKeysUnderTheSameNames) {
  for (const auto& theirs : models::model_keys()) {
    std::vector<std::string> names(theirs.aliases.begin(), theirs.aliases.end());
    names.emplace_back(theirs.name);
    for (const auto& name : names) {
      if (find_foreign(name, Scope::model)) continue;
      TrainConfig config;
      std::vector<std::string> notices;
      const std::string value = theirs.name == "model_type"       ? "qwen3"
                                : theirs.name.starts_with("use_") ? "true"
                                                                  : "";
      EXPECT_NO_THROW(apply_entries(read_yaml(name + ": " + value, "x"), Scope::model, config, notices))
          << name;
      const bool found = config.origins.where.contains(std::string(theirs.name)) ||
                         config.origins.where.contains("model." + std::string(theirs.name));
      EXPECT_TRUE(found) << name << " does not mean " << theirs.name;
    }
  }
}

}  // namespace
}  // namespace genesis::trainer
