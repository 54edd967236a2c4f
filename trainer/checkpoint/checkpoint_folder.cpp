#include "trainer/checkpoint/checkpoint_folder.h"

#include <algorithm>
#include <charconv>
#include <string>
#include <string_view>
#include <tuple>

#include "trainer/checkpoint/manifest.h"

namespace genesis::trainer {

std::vector<CheckpointEntry> list_checkpoints(const std::filesystem::path& output_dir) {
  constexpr std::string_view kPrefix = "checkpoint-";
  std::vector<CheckpointEntry> found;
  if (!std::filesystem::is_directory(output_dir)) return found;
  int64_t last = 0;
  for (const auto& entry : std::filesystem::directory_iterator(output_dir)) {
    const std::string name = entry.path().filename().string();
    if (!entry.is_directory() || !name.starts_with(kPrefix)) continue;
    int64_t step = 0;
    const char *begin = name.data() + kPrefix.size(), *end = name.data() + name.size();
    const auto [stop, error] = std::from_chars(begin, end, step);
    if (error != std::errc() || stop != end || step < 0) continue;
    found.push_back({step, entry.path(), peek_generation(entry.path())});
    last = std::max(last, found.back().generation);
  }
  for (CheckpointEntry& c : found)
    if (c.generation < 0) c.generation = last;
  std::sort(found.begin(), found.end(),
            [](auto& a, auto& b) { return std::tie(a.generation, a.step) < std::tie(b.generation, b.step); });
  return found;
}

}  // namespace genesis::trainer
