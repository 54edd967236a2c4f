#include "trainer/checkpoint/share.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "data/dataset/sha256.h"
#include "trainer/checkpoint/crc32c.h"
#include "trainer/checkpoint/new_file.h"

namespace genesis::trainer {
namespace {

constexpr int64_t kPiece = int64_t{8}
                           << 20;  // bytes hashed and written at a time, so that both meet the cache

/// A file that hashes what is written to it.
class HashedFile {
 public:
  HashedFile(FileLayer& files, const std::filesystem::path& path) : file_(files, path) {}

  void write(const void* data, int64_t bytes) {
    const char* p = static_cast<const char*>(data);
    for (int64_t at = 0; at < bytes; at += kPiece) {
      const int64_t n = std::min(kPiece, bytes - at);
      sha_.add(p + at, size_t(n));
      file_.write(p + at, n);
    }
    size_ += bytes;
  }
  ManifestFile finish(std::string name) {
    file_.finish();
    return {.name = std::move(name), .size = size_, .sha256 = sha_.hex()};
  }

 private:
  NewFile file_;
  data::Sha256 sha_;
  int64_t size_ = 0;
};

}  // namespace

std::string ShareReport::text() const {
  nlohmann::json files_json = nlohmann::json::array();
  for (const ManifestFile& f : files)
    files_json.push_back({f.name, f.size, f.sha256, f.head_bytes, f.head_crc32c});
  return nlohmann::json{{"files", files_json}, {"slices", slices}}.dump();
}

ShareReport ShareReport::parse(const std::string& text) {
  const auto json = nlohmann::json::parse(text);
  ShareReport report{.files = {}, .slices = json["slices"].get<std::vector<uint32_t>>()};
  for (const auto& f : json["files"]) report.files.push_back({f[0], f[1], f[2], f[3], f[4]});
  return report;
}

ShareReport write_share(FileLayer& files, const std::filesystem::path& folder, const SavePlan& plan, int rank,
                        const Snapshot& snapshot, const std::vector<SmallFile>& small) {
  ShareReport report;
  for (size_t f = 0; f < plan.files.size(); ++f) {
    const PlannedFile& planned = plan.files[f];
    if (planned.writer != rank) continue;
    const std::byte* data = snapshot.data_of(plan, f);
    for (size_t s = 0; s < planned.slices.size(); ++s) {
      const int64_t begin = planned.slices[s].offset;
      const int64_t end = s + 1 < planned.slices.size() ? planned.slices[s + 1].offset : planned.data_bytes;
      report.slices.push_back(crc32c(data + begin, end - begin));
    }
    HashedFile file(files, folder / planned.name);
    file.write(planned.head.data(), int64_t(planned.head.size()));
    file.write(data, planned.data_bytes);
    report.files.push_back(file.finish(planned.name));
    report.files.back().head_bytes = int64_t(planned.head.size());
    report.files.back().head_crc32c = crc32c(planned.head.data(), int64_t(planned.head.size()));
  }
  for (const auto& [name, text] : small) {
    HashedFile file(files, folder / name);
    file.write(text.data(), int64_t(text.size()));
    report.files.push_back(file.finish(name));
  }
  return report;
}

void fill_manifest(Manifest& manifest, const SavePlan& plan, const std::vector<TensorHolders>& tensors,
                   const std::vector<ShareReport>& reports) {
  for (const TensorHolders& t : tensors) manifest.tensors.push_back({t.name, t.dtype, t.shape, {}});
  std::vector<size_t> next(reports.size(), 0);  // slice of each rank
  for (const PlannedFile& f : plan.files)
    for (const PlannedSlice& s : f.slices)
      manifest.tensors[s.tensor].slices.push_back(
          {f.name, s.key, s.box, reports[size_t(f.writer)].slices.at(next[size_t(f.writer)]++)});
  for (const ShareReport& r : reports)
    manifest.files.insert(manifest.files.end(), r.files.begin(), r.files.end());
}

}  // namespace genesis::trainer
