#include "trainer/config/print.h"

#include <fmt/core.h>

#include <fstream>
#include <random>
#include <sstream>

#include "tests/trainer/config/config_text.h"
#include "trainer/config/key.h"

namespace genesis::trainer {
namespace {

TrainConfig reread(const TrainConfig& config) { return config_of(write_resolved(config)); }

TEST(WriteResolved, ReadsBackToTheSameConfig) {
  EXPECT_EQ(reread(TrainConfig{}), TrainConfig{});
  const auto c = config_of(R"(
model_name_or_path: configs/model.yaml
dataset: ["a b.json", "c,d.json", "null", "true", "1e5", "- x", "é.json", "q\"uo\\te"]
output_dir: "line\nbreak: # no comment"
learning_rate: 0.1234567890123456789
adam_epsilon: 1e-30
seed: 9223372036854775807
global_batch_size: 12
template: qwen1.5
model: {n_layer: 2, seq_length: 77, rope_theta: 1e6, no_bias: true, model_type: qwen1.5}
)");
  EXPECT_EQ(reread(c), c);
}

/// Random values of every key: whatever can be said survives.
TEST(WriteResolved, ReadsBackWhateverEveryKeySays) {
  std::mt19937 random(7);
  for (int round = 0; round < 200; ++round) {
    TrainConfig c;
    for (const auto& key : config_keys()) {
      Value v{Value::Kind::plain, "", {}};
      const double unit = std::uniform_real_distribution<>(0.0, 1.0)(random);
      if (key.type == "integer") {
        const double lowest = std::max(key.range.lowest, 0.0);
        const double span = std::min(1000.0, key.range.highest - lowest - 1);
        v.text = std::to_string(static_cast<int64_t>(lowest + 1 + unit * span));
      } else if (key.type == "number") {
        v.text = fmt::format("{}", std::max(1e-300, unit * std::min(key.range.highest, 1e9)));
      } else if (key.type == "list of numbers") {
        v.text = fmt::format("{}, {}", 1 + unit, std::max(1e-3, unit));
      } else if (key.type == "true or false") {
        v.text = unit < 0.5 ? "true" : "false";
      } else if (key.type == "text" || key.type == "list") {
        const std::string letters = "ab ,:#-[]{}'\"\\&*!|>%@`~\t\nnull0.e5";
        for (int i = 0; i < 8; ++i) v.text += letters[random() % letters.size()];
        v.kind = Value::Kind::quoted;
      } else {
        std::vector<std::string> names;
        std::istringstream words(key.type);
        for (std::string word; words >> word;)
          if (word != "|") names.push_back(word);
        v.text = names[random() % names.size()];
      }
      key.set(c, {key.name, v, "test"}, key.range);
    }
    TrainConfig again;
    std::vector<std::string> notices;
    apply_entries(read_yaml(write_resolved(c), "resolved"), Scope::train, again, notices);
    ASSERT_EQ(again, c) << write_resolved(c);
    EXPECT_TRUE(notices.empty()) << notices[0];
  }
}

TEST(KeyTable, NamesAreUniqueAndDescribed) {
  std::vector<std::string> seen;
  for (const auto& key : config_keys()) {
    EXPECT_FALSE(key.help.empty()) << key.name;
    EXPECT_EQ(key.help.find('\n'), std::string::npos) << key.name;
    std::vector<std::string> names = key.aliases;
    names.push_back(key.name);
    for (const auto& name : names) {
      EXPECT_EQ(std::count(seen.begin(), seen.end(), name), 0) << name;
      EXPECT_EQ(find_foreign(name, Scope::train), nullptr) << name;
      seen.push_back(name);
    }
  }
}

TEST(ConfigHelp, NamesEveryKeyAndAlias) {
  const std::string help = config_help();
  for (const auto& key : config_keys()) {
    EXPECT_NE(help.find("  " + key.name + "  ("), std::string::npos) << key.name;
    for (const auto& alias : key.aliases) EXPECT_NE(help.find(alias), std::string::npos) << alias;
  }
}

TEST(ConfigMarkdown, IsTheDocumentInTheTree) {
  std::ifstream file(GENESIS_SOURCE_DIR "/docs/config.md");
  std::stringstream text;
  text << file.rdbuf();
  EXPECT_EQ(text.str(), config_markdown())
      << "write it anew: build/genesis config --markdown > docs/config.md";
}

}  // namespace
}  // namespace genesis::trainer
