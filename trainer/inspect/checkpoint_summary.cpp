#include "trainer/inspect/checkpoint_summary.h"

#include <chrono>

#include "kernels/core/error.h"
#include "trainer/checkpoint/checkpoint_folder.h"
#include "trainer/checkpoint/crc32c.h"
#include "trainer/checkpoint/stored_checkpoint.h"
#include "trainer/checkpoint/train_state.h"

namespace genesis::trainer {
namespace {

namespace fs = std::filesystem;

CheckpointVerdict verify_one(const fs::path& folder) {
  using Clock = std::chrono::steady_clock;
  const auto begin = Clock::now();
  CheckpointVerdict verdict{.path = folder};
  verdict.damage = verify_checkpoint(folder);
  verdict.seconds = std::chrono::duration<double>(Clock::now() - begin).count();
  if (!verdict.damage.empty()) return verdict;
  const auto stored = StoredCheckpoint::open(folder);
  verdict.tensors = int64_t(stored.manifest().tensors.size());
  verdict.files = int64_t(stored.manifest().files.size()) + 1;
  verdict.bytes = stored.manifest().bytes();
  return verdict;
}

std::string slice_line(const ManifestTensor& t, const ManifestSlice& s) {
  return fmt::format("  {:<60} {} {}  {} in {}, CRC-32C {}\n", t.name, name_of(t.dtype), to_string(t.shape),
                     box_text(s.box), s.file, crc32c_text(s.crc32c));
}

}  // namespace

std::string CheckpointVerdict::text() const {
  if (damage.empty())
    return fmt::format("{}: good: {} tensors in {} files, {:.1f} MB, every byte as it was written ({:.2f} s)",
                       path.string(), tensors, files, double(bytes) * 1e-6, seconds);
  std::string text = fmt::format("{}: DAMAGED", path.string());
  for (const std::string& line : damage) text += "\n  " + line;
  return text;
}

std::vector<CheckpointVerdict> verify_checkpoints_at(const fs::path& path) {
  if (fs::exists(path / kManifestName)) return {verify_one(path)};
  std::vector<CheckpointVerdict> verdicts;
  for (const CheckpointEntry& entry : list_checkpoints(path)) verdicts.push_back(verify_one(entry.path));
  if (verdicts.empty() && fs::is_directory(path)) return {verify_one(path)};
  if (verdicts.empty()) throw ConfigError("{}: there is no such checkpoint", path.string());
  return verdicts;
}

std::string checkpoint_text(const fs::path& folder, bool all_slices) {
  if (!fs::exists(folder / kManifestName)) return {};
  auto stored = StoredCheckpoint::open(folder);
  const Manifest& m = stored.manifest();
  const TrainState state = parse_train_state(stored.text(kStateName), (folder / kStateName).string());
  std::string text;
  const auto line = [&](std::string_view name, const std::string& value) {
    text += fmt::format("  {:<12} {}\n", name, value);
  };
  size_t slices = 0;
  for (const ManifestTensor& t : m.tensors) slices += t.slices.size();
  line("checkpoint", fmt::format("format {}, step {}{}, written by {} {} with genesis {}", Manifest::kVersion,
                                 m.step, m.previous_step < 0 ? "" : fmt::format(" after {}", m.previous_step),
                                 m.ranks, m.ranks == 1 ? "rank" : "ranks", m.program));
  line("run", fmt::format("{}, generation {}", m.run, m.generation));
  line("stands at",
       fmt::format("{} rows, {} tokens ({} supervised), {:.1f} s of training, seed {}", state.consumed_rows,
                   state.tokens, state.supervised_tokens, state.seconds, state.seed));
  line("holds", fmt::format("{} tensors (weights and moments) in {} slices, {} files, {:.1f} MB",
                            m.tensors.size(), slices, m.files.size() + 1, double(m.bytes()) * 1e-6));
  line("seal", stored.seal());
  if (all_slices)
    for (const ManifestTensor& t : m.tensors)
      for (const ManifestSlice& s : t.slices) text += slice_line(t, s);
  return text;
}

}  // namespace genesis::trainer
