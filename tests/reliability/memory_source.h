#pragma once
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <string>

#include "trainer/checkpoint/checkpoint_source.h"

namespace genesis::reliability {

/// The files of a checkpoint in memory, to be damaged. The object outlives what reads from it.
struct MemoryFiles {
  std::map<std::string, std::string> files;

  static MemoryFiles of(const std::filesystem::path& folder) {
    MemoryFiles m;
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
      std::ifstream in(entry.path(), std::ios::binary);
      m.files[entry.path().filename().string()] = std::string(std::istreambuf_iterator<char>(in), {});
    }
    return m;
  }
};

class MemorySource : public trainer::CheckpointSource {
 public:
  explicit MemorySource(const MemoryFiles& files) : files_(files) {}
  std::optional<std::string_view> bytes(const std::string& name) override {
    const auto found = files_.files.find(name);
    return found == files_.files.end() ? std::nullopt : std::optional<std::string_view>(found->second);
  }
  int64_t size(const std::string& name) override {
    const auto found = files_.files.find(name);
    return found == files_.files.end() ? -1 : int64_t(found->second.size());
  }
  std::string path() const override { return "checkpoint"; }

 private:
  const MemoryFiles& files_;
};

}  // namespace genesis::reliability
