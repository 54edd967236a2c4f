// R4: every bit of every file of a checkpoint flipped, every length, zeroed blocks, exchanged and foreign
// files, entries taken out of the manifest. All of it must be found, and the file and the tensor named.
#include <filesystem>
#include <random>

#include "data/dataset/sha256.h"
#include "models/safetensors/header.h"
#include "tests/reliability/campaign.h"
#include "tests/reliability/memory_source.h"
#include "tests/reliability/tiny_state.h"
#include "tests/support/temp_folder.h"
#include "trainer/checkpoint/stored_checkpoint.h"

namespace genesis::reliability {
namespace {

namespace fs = std::filesystem;
using trainer::Manifest;
using trainer::StoredCheckpoint;
using trainer::verify_checkpoint;

bool contains(const std::string& text, std::string_view what) { return text.find(what) != std::string::npos; }

/// Why the checkpoint is refused; empty when it is not.
template <class Fn>
std::string refusal(const Fn& check) {
  try {
    check();
  } catch (const CheckpointError& e) {
    return e.what();
  }
  return {};
}

class Damage {
 public:
  explicit Damage(const fs::path& folder)
      : files_(MemoryFiles::of(folder)),
        stored_(std::make_unique<MemorySource>(files_)),
        manifest_(stored_.manifest()) {}

  int64_t bytes() const {
    int64_t sum = 0;
    for (const auto& [name, data] : files_.files) sum += int64_t(data.size());
    return sum;
  }

  void flip_every_bit(Cases& cases) {
    for (auto& [name, data] : files_.files) {
      const auto* listed = manifest_.find_file(name);
      const auto tensors = tensors_of(name);
      for (size_t byte = 0; byte < data.size(); ++byte)
        for (int bit = 0; bit < 8; ++bit) {
          data[byte] = char(data[byte] ^ (1 << bit));
          const std::string why = refusal(
              [&] { listed ? stored_.verify_file(*listed) : void(trainer::parse_manifest(data, name)); });
          data[byte] = char(data[byte] ^ (1 << bit));
          const std::string& tensor = tensors.empty() ? name : tensors[byte];
          if (!contains(why, name) || !contains(why, tensor))
            cases.expect(false, fmt::format("bit {} of byte {} of {}: '{}'", bit, byte, name, why));
          else
            cases.expect(true, name);
        }
    }
  }

  void cut_to_every_length(Cases& cases) {
    for (auto& [name, data] : files_.files) {
      const std::string whole = data;
      const auto* listed = manifest_.find_file(name);
      for (size_t length = 0; length <= whole.size() + 16; ++length) {
        if (length == whole.size()) continue;
        data = whole.substr(0, length);
        data.resize(length, '\0');
        const std::string why = refusal(
            [&] { listed ? stored_.verify_file(*listed) : void(trainer::parse_manifest(data, name)); });
        cases.expect(contains(why, name),
                     fmt::format("{} of {} bytes of {}: '{}'", length, whole.size(), name, why));
      }
      data = whole;
    }
  }

  void zero_blocks(Cases& cases) {
    constexpr size_t kBlock = 4096;
    for (auto& [name, data] : files_.files)
      for (size_t at = 0; at < data.size(); at += kBlock) {
        const std::string before = data.substr(at, kBlock);
        if (before.find_first_not_of('\0') == std::string::npos) continue;
        data.replace(at, before.size(), before.size(), '\0');
        expect_found(cases, fmt::format("block at {} of {} zeroed", at, name), name);
        data.replace(at, before.size(), before);
      }
  }

  void exchange_files(Cases& cases) {
    for (auto& [a, data_a] : files_.files)
      for (auto& [b, data_b] : files_.files) {
        if (a >= b || data_a == data_b) continue;
        std::swap(data_a, data_b);
        expect_found(cases, a + " and " + b + " exchanged", "");
        std::swap(data_a, data_b);
      }
  }

  /// Files from the checkpoint of another step, of the same names and sizes.
  void mix_with(const fs::path& other, Cases& cases) {
    const MemoryFiles foreign = MemoryFiles::of(other);
    for (auto& [name, data] : files_.files) {
      const std::string own = data;
      data = foreign.files.at(name);
      if (data != own) expect_found(cases, name + " of another step", "");
      data = own;
    }
  }

  void remove_entries(Cases& cases) {
    std::string& text = files_.files.at(trainer::kManifestName);
    const std::string sealed = text;
    for (size_t i = 0; i < manifest_.files.size(); ++i) {
      Manifest less = manifest_;
      less.files.erase(less.files.begin() + std::ptrdiff_t(i));
      // A small file's entry may be gone from a manifest that is sealed anew: then resume, not verify, misses
      // it.
      if (manifest_.files[i].head_bytes == 0) continue;
      text = write_manifest(less);
      expect_found(cases, "entry of " + manifest_.files[i].name + " removed", manifest_.files[i].name);
    }
    for (size_t i = 0; i < manifest_.tensors.size(); ++i) {
      Manifest less = manifest_;
      less.tensors.erase(less.tensors.begin() + std::ptrdiff_t(i));
      text = write_manifest(less);
      expect_found(cases, "entry of tensor " + manifest_.tensors[i].name + " removed",
                   manifest_.tensors[i].slices[0].file);
    }
    text = sealed;
  }

  void remove_files(Cases& cases) {
    const MemoryFiles whole = files_;
    for (const auto& [name, data] : whole.files) {
      files_.files.erase(name);
      expect_found(cases, name + " removed", name);
      files_.files[name] = data;
    }
  }

 private:
  void expect_found(Cases& cases, const std::string& what, const std::string& named) {
    const auto damage = verify_checkpoint(std::make_unique<MemorySource>(files_));
    cases.expect(!damage.empty() && contains(damage[0], named),
                 what + ": " + (damage.empty() ? "not found" : damage[0]));
  }

  /// For each byte of a safetensors file what a message must name: the tensor, or the header.
  std::vector<std::string> tensors_of(const std::string& name) const {
    const auto* listed = manifest_.find_file(name);
    if (!listed || listed->head_bytes == 0) return {};
    const std::string& data = files_.files.at(name);
    std::vector<std::string> names(data.size(), "header");
    const auto header = models::parse_safetensors_header(data, int64_t(data.size()), name);
    for (const auto& t : header.tensors)
      for (int64_t i = t.begin; i < t.end; ++i) names[size_t(header.data_begin + i)] = "'" + t.name + "'";
    return names;
  }

  MemoryFiles files_;
  StoredCheckpoint stored_;
  Manifest manifest_;
};

/// Bits flipped in the files themselves: a strict resume refuses, and LATEST does not matter.
void flip_on_disk(const fs::path& output, TinyState& state, uint64_t seed, int64_t flips, Cases& cases) {
  std::mt19937_64 random(seed);
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(output / "checkpoint-1")) files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  for (int64_t n = 0; n < flips; ++n) {
    const fs::path& file = files[random() % files.size()];
    const int64_t at = int64_t(random() % fs::file_size(file));
    const char mask = char(1 << random() % 8);
    const auto flip = [&] {
      std::fstream f(file, std::ios::in | std::ios::out | std::ios::binary);
      f.seekg(at);
      const char byte = char(f.get() ^ mask);
      f.seekp(at);
      f.put(byte);
    };
    flip();
    const std::string name = file.filename().string();
    const std::string why = refusal([&] { state.load(output, true); });
    cases.expect(contains(why, name),
                 fmt::format("resume with a bit of byte {} of {} flipped: '{}'", at, name, why));
    flip();
  }
  std::ofstream(output / "LATEST") << "checkpoint-99\n";
  cases.expect(state.load(output, true) == 1, "a wrong LATEST");
}

}  // namespace

Outcome run_R4(const Mode& mode) {
  const testing::TempFolder temp;
  // 12 bytes a parameter; the manifest comes on top.
  TinyState state(mode.full ? TinyState::Size{.vocabulary = 72, .width = 32, .layers = 1}
                            : TinyState::Size{.vocabulary = 64, .width = 8, .layers = 1});
  state.fill(1);
  state.save(temp / "a", 1);
  state.fill(2);
  state.save(temp / "b", 1);
  Damage damage(temp / "a" / "checkpoint-1");
  Cases bits, lengths, others;
  damage.flip_every_bit(bits);
  damage.cut_to_every_length(lengths);
  damage.zero_blocks(others);
  damage.exchange_files(others);
  damage.mix_with(temp / "b" / "checkpoint-1", others);
  damage.remove_entries(others);
  damage.remove_files(others);
  flip_on_disk(temp / "a", state, mode.seed, mode.full ? 500 : 60, others);
  return {bits.good() && lengths.good() && others.good(),
          fmt::format("{} KiB: {} bits, {} lengths, {} other damages, all found and named{}{}{}",
                      damage.bytes() / 1024, bits.count(), lengths.count(), others.count(), bits.failures(),
                      lengths.failures(), others.failures())};
}

}  // namespace genesis::reliability
