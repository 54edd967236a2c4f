#include "models/qwen/model_search.h"

#include <gtest/gtest.h>

#include "kernels/core/error.h"
#include "tests/support/error_message.h"
#include "tests/support/temp_folder.h"

namespace genesis::models {
namespace {

namespace fs = std::filesystem;

TEST(ModelSearch, RootsAreSeparatedByColons) {
  EXPECT_EQ(model_roots(""), (std::vector<fs::path>{"models"}));
  EXPECT_EQ(model_roots("/a:b/c::"), (std::vector<fs::path>{"/a", "b/c"}));
}

TEST(ModelSearch, FindsPlainFoldersAndHuggingFacesCache) {
  const genesis::testing::TempFolder root;
  const auto make = [&](const std::string& folder) {
    fs::create_directories(root / folder);
    root.write(folder + "/config.json", "{}");
  };
  EXPECT_FALSE(find_model_folder(root.path(), "Qwen-7B-Chat"));
  const std::string cached = "hub/models--Qwen--Qwen-7B-Chat";
  make(cached + "/snapshots/abc");
  EXPECT_EQ(find_model_folder(root.path(), "Qwen-7B-Chat"), root / (cached + "/snapshots/abc"));
  make(cached + "/snapshots/def");
  EXPECT_NE(genesis::testing::message_of<CheckpointError>([&] {
              find_model_folder(root.path(), "Qwen-7B-Chat");
            }).find("2 snapshots"),
            std::string::npos);
  fs::create_directories(root / (cached + "/refs"));
  root.write(cached + "/refs/main", "def");
  EXPECT_EQ(find_model_folder(root.path(), "Qwen-7B-Chat"), root / (cached + "/snapshots/def"));
  make("Qwen/Qwen-7B-Chat");
  EXPECT_EQ(find_model_folder(root.path(), "Qwen-7B-Chat"), root / "Qwen/Qwen-7B-Chat");
  EXPECT_FALSE(find_model_folder(root.path(), "Qwen-7B"));
}

TEST(ModelSearch, AnOwnerMayStandInFront) {
  const genesis::testing::TempFolder root;
  const std::string own = "models--someone--tuned/snapshots/abc";
  fs::create_directories(root / own);
  root.write(own + "/config.json", "{}");
  EXPECT_EQ(find_model_folder(root.path(), "someone/tuned"), root / own);
  EXPECT_FALSE(find_model_folder(root.path(), "tuned"));
  for (const char* name : {"", "/", "a/", "/b", "a/b/c"})
    EXPECT_FALSE(find_model_folder(root.path(), name)) << name;
  fs::create_directories(root / "Qwen/Qwen-7B");
  root.write("Qwen/Qwen-7B/config.json", "{}");
  EXPECT_EQ(find_model_folder(root.path(), "Qwen/Qwen-7B"), root / "Qwen/Qwen-7B");
}

}  // namespace
}  // namespace genesis::models
