#pragma once
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

namespace genesis::testing {

inline std::string bytes_of(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

/// Two checkpoints hold the same tensors, byte for byte.
inline void expect_same_tensors(const std::filesystem::path& wanted, const std::filesystem::path& got) {
  int files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(wanted)) {
    if (entry.path().extension() != ".safetensors") continue;
    ++files;
    EXPECT_EQ(bytes_of(entry.path()), bytes_of(got / entry.path().filename())) << got << ", " << entry.path();
  }
  EXPECT_GT(files, 0) << wanted;
}

}  // namespace genesis::testing
