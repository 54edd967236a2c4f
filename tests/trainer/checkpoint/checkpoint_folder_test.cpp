#include "trainer/checkpoint/checkpoint_folder.h"

#include <gtest/gtest.h>

#include <fstream>

#include "kernels/core/error.h"
#include "tests/support/temp_folder.h"

namespace genesis::trainer {
namespace {

namespace fs = std::filesystem;

void put(const fs::path& folder, const std::string& text) { std::ofstream(folder / "file") << text; }

std::vector<int64_t> steps_in(const fs::path& folder) {
  std::vector<int64_t> steps;
  for (const auto& c : list_checkpoints(folder)) steps.push_back(c.step);
  return steps;
}

TEST(CheckpointFolder, PublishesListsAndRemovesTheOldest) {
  const testing::TempFolder folder;
  for (int64_t step : {100, 20, 3})
    publish_checkpoint(folder.path(), step, [&](const fs::path& f) { put(f, std::to_string(step)); });
  fs::create_directories(folder.path() / "checkpoint-x");
  fs::create_directories(folder.path() / ".checkpoint-7.partial");
  EXPECT_EQ(steps_in(folder.path()), (std::vector<int64_t>{3, 20, 100}));
  remove_old_checkpoints(folder.path(), 2);
  EXPECT_EQ(steps_in(folder.path()), (std::vector<int64_t>{20, 100}));
  remove_old_checkpoints(folder.path(), 0);
  EXPECT_EQ(steps_in(folder.path()).size(), 2u);
  EXPECT_TRUE(list_checkpoints(folder.path() / "absent").empty());
}

TEST(CheckpointFolder, AFailedWriteLeavesTheOldOneAlone) {
  const testing::TempFolder folder;
  publish_checkpoint(folder.path(), 5, [](const fs::path& f) { put(f, "old"); });
  EXPECT_THROW(publish_checkpoint(folder.path(), 5,
                                  [](const fs::path& f) {
                                    put(f, "half");
                                    throw DiskError("disk is full");
                                  }),
               DiskError);
  std::ifstream in(folder.path() / "checkpoint-5" / "file");
  std::string text;
  in >> text;
  EXPECT_EQ(text, "old");
  EXPECT_EQ(std::distance(fs::directory_iterator(folder.path()), fs::directory_iterator{}), 1);
}

}  // namespace
}  // namespace genesis::trainer
