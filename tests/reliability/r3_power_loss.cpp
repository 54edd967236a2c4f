// R3: the power goes at any moment of a save. What was synced is on the disk; of everything else an arbitrary
// part is: entries of folders one by one, data in sectors of 512 bytes. A file's own sync does not count for
// its entry in the folder. Every such state must load as the old or the new checkpoint, and as the new one
// when the save had said so.
#include <filesystem>
#include <random>
#include <set>

#include "tests/reliability/campaign.h"
#include "tests/reliability/recorded_files.h"
#include "tests/reliability/saved_scenes.h"
#include "tests/reliability/tiny_state.h"
#include "tests/support/temp_folder.h"

namespace genesis::reliability {
namespace {

namespace fs = std::filesystem;
using Kind = RecordedCall::Kind;
using Disk = RecordedFiles::Disk;
constexpr int64_t kSector = 512;  // bytes a disk writes as one

class PowerLoss {
 public:
  PowerLoss(const RecordedFiles& recorded, uint64_t seed) : recorded_(recorded), random_(seed) {}

  /// What is on the disk when the power goes after the first `end` calls.
  Disk state(size_t end) {
    // How likely an unsynced operation is to have reached the disk differs from state to state.
    const double likely = std::uniform_real_distribution<>(0, 1)(random_);
    std::bernoulli_distribution arrived(likely);
    const auto& calls = recorded_.calls();
    Disk disk = recorded_.start();
    std::map<int, std::vector<std::pair<std::string, bool>>> data;  // inode -> appended bytes, synced
    for (size_t i = 0; i < end; ++i) {
      const RecordedCall& c = calls[i];
      if (c.kind == Kind::sync) continue;
      if (c.kind == Kind::write) {
        data[c.inode].emplace_back(c.data, synced_later(c.inode, i, end));
        continue;
      }
      if (c.kind == Kind::create) disk.files[c.inode];
      if (c.kind == Kind::make_folder) disk.folders[c.inode];
      if (synced_later(c.folder, i, end) || arrived(random_)) apply(c, disk.folders[c.folder]);
    }
    for (auto& [inode, writes] : data) disk.files[inode] = torn(writes, arrived);
    return disk;
  }

 private:
  bool synced_later(int inode, size_t from, size_t end) const {
    for (size_t i = from; i < end; ++i)
      if (recorded_.calls()[i].kind == Kind::sync && recorded_.calls()[i].inode == inode) return true;
    return false;
  }

  static void apply(const RecordedCall& c, std::map<std::string, int>& entries) {
    const auto entry = entries.find(c.name);
    switch (c.kind) {
      case Kind::create:
      case Kind::make_folder:
        entries[c.name] = c.inode;
        return;
      case Kind::rename:  // a rename brings its inode along even if the old entry never reached the disk
        if (entry != entries.end()) entries.erase(entry);
        entries[c.to] = c.inode;
        return;
      case Kind::exchange: {
        const auto other = entries.find(c.to);
        if (entry != entries.end() && other != entries.end()) std::swap(entry->second, other->second);
        return;
      }
      default:
        if (entry != entries.end()) entries.erase(entry);
    }
  }

  /// Unsynced data: each sector is there or zeros, and the file may end after any of them.
  std::string torn(const std::vector<std::pair<std::string, bool>>& writes,
                   std::bernoulli_distribution& arrived) {
    std::string bytes;
    size_t kept = 0;  // bytes that are certainly there
    for (const auto& [data, synced] : writes) {
      bytes += data;
      if (synced) kept = bytes.size();
    }
    if (kept == bytes.size()) return bytes;
    size_t length = kept;
    for (size_t at = kept; at < bytes.size();) {
      const size_t next = std::min(bytes.size(), (at / kSector + 1) * kSector);
      if (arrived(random_)) {
        length = next;
      } else {
        std::fill(bytes.begin() + std::ptrdiff_t(at), bytes.begin() + std::ptrdiff_t(next), '\0');
      }
      at = next;
    }
    bytes.resize(length);
    return bytes;
  }

  const RecordedFiles& recorded_;
  std::mt19937_64 random_;
};

/// `states` power losses during a save of step 2 over the scene.
void lose_power(const Scene& scene, TinyState& fresh, const testing::TempFolder& temp, int64_t states,
                uint64_t seed, Cases& cases, std::set<size_t>& moments) {
  const fs::path work = temp / "work", lost = temp / "lost";
  fs::remove_all(work);
  fs::copy(scene.folder, work, fs::copy_options::recursive);
  RecordedFiles recorded(work);
  {
    auto saver = fresh.saver({.output_dir = work, .keep = 1, .background = false, .files = &recorded});
    saver.save_now(at_step(2));
  }
  const std::string after_digest = fresh.digest();
  // The save says "published" after the sync of the output folder that follows the rename.
  size_t published = 0;
  for (size_t i = 0; i < recorded.calls().size(); ++i) {
    const RecordedCall& c = recorded.calls()[i];
    if (published == 0 && (c.kind == Kind::rename || c.kind == Kind::exchange)) published = i + 1;
    if (published > 0 && c.kind == Kind::sync && c.inode == Disk::kRoot) {
      published = i + 1;
      break;
    }
  }
  PowerLoss power(recorded, seed);
  std::mt19937_64 random(seed + 1);
  TinyState loaded;
  for (int64_t n = 0; n < states; ++n) {
    const size_t end = random() % (recorded.calls().size() + 1);
    moments.insert(end);
    fs::remove_all(lost);
    power.state(end).materialise(lost);
    const std::string name = fmt::format("{}, state {} after call {}", scene.name, n, end);
    try {
      loaded.load(lost);
      const std::string digest = loaded.digest();
      cases.expect(digest == after_digest || (digest == scene.before_digest && end < published),
                   name + ": neither the old nor the new state, or the old after the new was promised");
    } catch (const Error& e) {
      cases.expect(false, name + ": " + e.what());
    }
  }
}

}  // namespace

Outcome run_R3(const Mode& mode) {
  const testing::TempFolder temp;
  TinyState state;
  const auto [first, again] = saved_scenes(state, temp.path());
  Cases cases;
  std::set<size_t> moments;
  const int64_t states = mode.full ? 5000 : 500;
  lose_power(first, state, temp, states, mode.seed, cases, moments);
  lose_power(again, state, temp, states, mode.seed + 7, cases, moments);
  return {cases.good(), fmt::format("{} states, cut after {} different calls{}", cases.count(),
                                    moments.size(), cases.failures())};
}

}  // namespace genesis::reliability
