#pragma once
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string_view>

namespace genesis::testing {

/// A file or folder of the reference data that lies beside the repository (GENESIS_SHARED, or ../shared).
///   It is not part of the repository: tests that want it print one line and check less when it is absent.
inline std::optional<std::filesystem::path> shared_path(std::string_view relative) {
  const char* set = std::getenv("GENESIS_SHARED");
  const auto root =
      set ? std::filesystem::path(set) : std::filesystem::path(GENESIS_SOURCE_DIR) / ".." / "shared";
  const auto path = (root / relative).lexically_normal();
  if (std::filesystem::exists(path)) return path;
  std::printf("reference data '%.*s' is absent: this test checks less\n", int(relative.size()),
              relative.data());
  return std::nullopt;
}

}  // namespace genesis::testing
