#include "trainer/checkpoint/output_folder.h"

#include <gtest/gtest.h>

#include <cerrno>

#include "tests/support/error_message.h"
#include "tests/support/temp_folder.h"

namespace genesis::trainer {
namespace {

namespace fs = std::filesystem;

TEST(OutputFolder, HasOneJobAtATime) {
  const testing::TempFolder temp;
  {
    const OutputFolder first(temp / "run");
    const std::string text = testing::message_of<ConfigError>([&] { OutputFolder second(temp / "run"); });
    EXPECT_NE(text.find("another job is writing here (process"), std::string::npos) << text;
    EXPECT_NO_THROW(OutputFolder(temp / "other"));
  }
  EXPECT_NO_THROW(OutputFolder(temp / "run"));
}

class WithoutSync : public FileLayer {
 public:
  int sync(int) override { return -EINVAL; }
};
class CopyingRename : public FileLayer {
 public:
  int rename(const std::string& from, const std::string& to) override {
    fs::copy(from, to, fs::copy_options::recursive | fs::copy_options::overwrite_existing);
    return 0;
  }
};

TEST(OutputFolder, AFileSystemThatKeepsNoPromisesIsRefused) {
  const testing::TempFolder temp;
  WithoutSync no_sync;
  CopyingRename no_rename;
  for (FileLayer* files : {static_cast<FileLayer*>(&no_sync), static_cast<FileLayer*>(&no_rename)})
    EXPECT_THROW(check_file_system(*files, temp.path()), DiskError);
  EXPECT_NO_THROW(check_file_system(system_files(), temp.path()));
  EXPECT_TRUE(fs::is_empty(temp.path())) << "the probe leaves nothing";
}

}  // namespace
}  // namespace genesis::trainer
