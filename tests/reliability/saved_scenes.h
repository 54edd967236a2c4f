#pragma once
#include <filesystem>
#include <string>
#include <utility>

#include "tests/reliability/tiny_state.h"

namespace genesis::reliability {

/// What lies on the disk before the save of step 2 that a campaign disturbs.
struct Scene {
  const char* name;
  std::filesystem::path folder;
  std::string before_digest;  ///< of the state that loads from it
};

/// A folder with step 1, and one that has step 2 too, with other values; `state` then holds what step 2 will
/// be saved as. `parent` exists. Errors: DiskError.
inline std::pair<Scene, Scene> saved_scenes(TinyState& state, const std::filesystem::path& parent) {
  const std::filesystem::path one = parent / "one", two = parent / "two";
  state.fill(1);
  state.save(one, 1);
  const std::string first = state.digest();
  std::filesystem::copy(one, two, std::filesystem::copy_options::recursive);
  state.fill(3);
  state.save(two, 2);
  const std::string replaced = state.digest();
  state.fill(2);
  return {{"new step", one, first}, {"step saved before", two, replaced}};
}

}  // namespace genesis::reliability
