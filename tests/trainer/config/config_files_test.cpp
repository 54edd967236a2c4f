#include <filesystem>
#include <map>

#include "models/config/qwen_config.h"
#include "tests/trainer/config/config_text.h"
#include "trainer/config/batch.h"
#include "trainer/config/load.h"
#include "trainer/config/model_file.h"

namespace genesis::trainer {
namespace {

namespace fs = std::filesystem;

std::vector<fs::path> yaml_files(const fs::path& folder, bool recursive) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::recursive_directory_iterator(folder))
    if (entry.path().extension() == ".yaml" && (recursive || entry.path().parent_path() == folder))
      files.push_back(entry.path());
  return files;
}

models::QwenConfig shape_in(const fs::path& path) {
  TrainConfig config;
  config.model_name_or_path = path.string();
  std::vector<std::string> notices;
  return model_from_scratch(config, notices);
}

// Parameter counts of the released checkpoints (7B: 15,442,649,088 bytes of bf16 in its safetensors index).
TEST(ConfigFiles, EveryModelHasTheReleasedNumberOfParameters) {
  const std::map<std::string, int64_t> counts = {
      {"qwen1/qwen1_1.8B", 1'836'828'672}, {"qwen1/qwen1_7B", 7'721'324'544},
      {"qwen1/qwen1_14B", 14'167'290'880}, {"qwen1/qwen1_32B", 32'512'218'112},
      {"qwen3/qwen3_0.6B", 596'049'920},   {"qwen3/qwen3_1.7B", 1'720'574'976},
      {"qwen3/qwen3_4B", 4'022'468'096},   {"qwen3/qwen3_8B", 8'190'735'360},
      {"qwen3/qwen3_14B", 14'768'307'200}, {"qwen3/qwen3_32B", 32'762'123'264}};
  const fs::path configs = fs::path(GENESIS_SOURCE_DIR) / "configs";
  size_t found = 0;
  for (const char* family : {"qwen1", "qwen3"}) {
    for (const auto& path : yaml_files(configs / family, true)) {
      const auto expected = counts.find(std::string(family) + "/" + path.stem().string());
      ASSERT_NE(expected, counts.end()) << path;
      EXPECT_EQ(models::parameter_count(shape_in(path)), expected->second) << path;
      EXPECT_EQ(models::QwenConfig::from_yaml(path), shape_in(path)) << path;
      ++found;
    }
  }
  EXPECT_EQ(found, counts.size());
}

TEST(ConfigFiles, Qwen1KeepsItsTrainingLengthApartFromItsPositions) {
  const fs::path configs = fs::path(GENESIS_SOURCE_DIR) / "configs/qwen1";
  const auto small = shape_in(configs / "qwen1_7B.yaml"), large = shape_in(configs / "qwen1_14B.yaml");
  EXPECT_EQ(small.seq_length, 8192);
  EXPECT_EQ(small.max_seq_len, 32768);
  EXPECT_EQ(large.seq_length, 2048);
  EXPECT_EQ(large.vocab_size, 152064);
  EXPECT_EQ(large.rope_base, 10000);
  EXPECT_TRUE(large.use_dynamic_ntk);
}

TEST(ConfigFiles, EveryRecipeIsAConfigForAnyNumberOfRanks) {
  const auto recipes = yaml_files(fs::path(GENESIS_SOURCE_DIR) / "configs", false);
  EXPECT_FALSE(recipes.empty());
  for (const auto& path : recipes) {
    ConfigArguments arguments;
    arguments.path = path.string();
    for (int ranks : {1, 2}) {
      const LoadedConfig loaded = load_config(arguments, ranks);
      EXPECT_TRUE(loaded.notices.empty()) << path << ": " << loaded.notices[0];
      EXPECT_FALSE(loaded.config.dataset.empty()) << path;
      EXPECT_FALSE(loaded.config.output_dir.empty()) << path;
    }
  }
}

}  // namespace
}  // namespace genesis::trainer
