#include "trainer/golden/verify.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "tests/support/golden.h"
#include "tests/support/temp_folder.h"

namespace genesis::trainer {
namespace {

namespace fs = std::filesystem;

TEST(VerifyGolden, EveryQuantityOfEveryFolderIsInside) {
  for (const fs::path& folder : testing::golden_folders())
    for (const auto precision : {GoldenPrecision::fp32, GoldenPrecision::bf16}) {
      // Twenty clipped steps of a model 16 wide amplify bf16 roundings beyond any fixed bar; those folders
      // are there for layouts of ranks, in fp32 (verify_split_test.cpp).
      if (precision == GoldenPrecision::bf16 && folder.filename().string().starts_with("split_")) continue;
      const GoldenCase reference(folder);
      const GoldenReport report = verify_golden(reference, precision);
      EXPECT_GE(report.rows().size(), 70u);
      EXPECT_EQ(report.outside(), 0) << folder << "\n" << golden_table(report, false);
    }
}

/// The reference with one key of its config changed.
fs::path changed_copy(const testing::TempFolder& temp, const fs::path& from, const std::string& key,
                      const nlohmann::json& value) {
  const fs::path to = temp / "case";
  fs::remove_all(to);
  fs::copy(from, to, fs::copy_options::recursive);
  nlohmann::json config;
  std::ifstream(to / "config.json") >> config;
  config[key] = value;
  std::ofstream(to / "config.json") << config;
  return to;
}

TEST(VerifyGolden, AWrongModelIsOutside) {
  const testing::TempFolder temp;
  const fs::path own = fs::path(GENESIS_SOURCE_DIR) / "tests/golden";
  const std::vector<std::tuple<std::string, std::string, nlohmann::json>> faults{
      {"mini_qwen1", "rotary_emb_base", 10100},
      {"mini_qwen1", "layer_norm_epsilon", 1e-5},
      {"mini_qwen3", "rope_theta", 990000.0}};
  for (const auto& [folder, key, value] : faults) {
    const GoldenCase reference(changed_copy(temp, own / folder, key, value));
    EXPECT_GT(verify_golden(reference, GoldenPrecision::fp32).outside(), 10) << key;
  }
}

TEST(VerifyGolden, AFolderThatIsNoReferenceIsNamed) {
  const testing::TempFolder temp;
  try {
    GoldenCase reference(temp.path());
    FAIL() << "expected an error";
  } catch (const CheckpointError& e) {
    EXPECT_NE(std::string(e.what()).find("golden.json"), std::string::npos) << e.what();
  }
}

TEST(GoldenReport, NotANumberIsOutside) {
  const GoldenCase reference(fs::path(GENESIS_SOURCE_DIR) / "tests/golden/mini_qwen1");
  for (const auto precision : {GoldenPrecision::fp32, GoldenPrecision::bf16}) {
    GoldenReport report(reference, precision);
    report.numbers("train.loss", {NAN, 1.0}, {1.0, 1.0}, GoldenReport::Kind::loss);
    report.equal("ids", {1, 2, 3}, {1, 2});
    EXPECT_EQ(report.outside(), 2);
  }
}

}  // namespace
}  // namespace genesis::trainer
