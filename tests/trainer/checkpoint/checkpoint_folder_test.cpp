#include "trainer/checkpoint/checkpoint_folder.h"

#include <gtest/gtest.h>

#include <fstream>

#include "tests/support/temp_folder.h"
#include "trainer/checkpoint/manifest.h"

namespace genesis::trainer {
namespace {

namespace fs = std::filesystem;

void add(const fs::path& folder, int64_t step, int64_t generation) {
  const fs::path path = folder / ("checkpoint-" + std::to_string(step));
  fs::create_directories(path);
  if (generation > 0)
    std::ofstream(path / kManifestName) << write_manifest({.generation = generation, .step = step});
}

std::vector<int64_t> steps_in(const fs::path& folder) {
  std::vector<int64_t> steps;
  for (const auto& c : list_checkpoints(folder)) steps.push_back(c.step);
  return steps;
}

TEST(CheckpointFolder, ListsTheOldestFirst) {
  const testing::TempFolder folder;
  for (const int64_t step : {100, 20, 3}) add(folder.path(), step, 1);
  fs::create_directories(folder.path() / "checkpoint-x");
  fs::create_directories(folder.path() / ".checkpoint-7.partial");
  EXPECT_EQ(steps_in(folder.path()), (std::vector<int64_t>{3, 20, 100}));
  EXPECT_TRUE(list_checkpoints(folder.path() / "absent").empty());
}

TEST(CheckpointFolder, ARunStartedAnewIsNewerWhateverItsStep) {
  const testing::TempFolder folder;
  add(folder.path(), 100, 1);
  add(folder.path(), 4, 2);
  add(folder.path(), 8, 2);
  EXPECT_EQ(steps_in(folder.path()), (std::vector<int64_t>{100, 4, 8}));
  add(folder.path(), 12, 0);  // its manifest is missing: it is tried first, and named
  EXPECT_EQ(steps_in(folder.path()).back(), 12);
}

}  // namespace
}  // namespace genesis::trainer
