#include "trainer/control/start_agreement.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "kernels/core/error.h"
#include "parallel/agreement.h"
#include "trainer/config/key.h"
#include "trainer/control/replica_check.h"
#include "trainer/files/tokenizer_files.h"

namespace genesis::trainer {
namespace {

constexpr size_t kHostBytes = 64;

std::string host_of(const uint8_t* rows, size_t row_bytes, int rank) {
  const char* text = reinterpret_cast<const char*>(rows + size_t(rank) * row_bytes);
  return std::string(text, strnlen(text, kHostBytes - 1));
}

}  // namespace

uint64_t digest_text(const std::string& text) {
  return parallel::digest_bytes(text.data(), int64_t(text.size()));
}

uint64_t digest_file(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  struct stat info {};
  if (fd < 0 || ::fstat(fd, &info) != 0) {
    const int reason = errno;
    if (fd >= 0) ::close(fd);
    throw Error(fmt::format("{}: {}", path, std::strerror(reason)));
  }
  if (info.st_size == 0) {
    ::close(fd);
    return digest_text("");
  }
  void* p = ::mmap(nullptr, size_t(info.st_size), PROT_READ, MAP_PRIVATE, fd, 0);
  const int reason = errno;
  ::close(fd);
  if (p == MAP_FAILED) throw Error(fmt::format("{}: {}", path, std::strerror(reason)));
  const uint64_t digest = parallel::digest_bytes(p, info.st_size);
  ::munmap(p, size_t(info.st_size));
  return digest;
}

std::vector<StartItem> config_items(const TrainConfig& config) {
  std::vector<StartItem> items;
  for (const Key& key : config_keys())
    items.push_back(
        {fmt::format("config key '{}'", key.name), digest_text(key.yaml(config).value_or("absent"))});
  return items;
}

StartItem program_item() { return {"program", digest_file("/proc/self/exe")}; }

uint64_t tokenizer_digest(const std::filesystem::path& source) {
  std::string digests;
  for (const auto& [name, file] : tokenizer_files(source))
    digests += fmt::format("{} {:016x};", name, digest_file(file.string()));
  return digest_text(digests);
}

uint64_t weights_digest(const nn::Module& model) {
  std::string digests;
  for (const auto& [name, p] : model.named_parameters())
    digests += fmt::format("{} {} {:016x};", name, to_string(p.shape()), parallel::digest_values(p.value()));
  return digest_text(digests);
}

void agree_at_start(const std::vector<StartItem>& items, parallel::Communicator& ranks) {
  if (ranks.size() == 1) return;
  // A host name, a digest of the items' names (lists of other lengths are another program), the digests.
  constexpr size_t kMostItems = 256;
  GENESIS_CHECK(items.size() <= kMostItems, items.size(), " items to agree on");
  constexpr size_t kRow = kHostBytes + 8 * (kMostItems + 1);
  Array own = Array::zeros({int64_t(kRow)}, DType::u8);
  Array all = Array::zeros({ranks.size(), int64_t(kRow)}, DType::u8);
  auto* row = own.data<uint8_t>();
  ::gethostname(reinterpret_cast<char*>(row), kHostBytes - 1);
  std::string names;
  for (const StartItem& item : items) names += item.name + ";";
  std::vector<StartItem> compared{{"list of start items", digest_text(names)}};
  compared.insert(compared.end(), items.begin(), items.end());
  for (size_t i = 0; i < compared.size(); ++i) std::memcpy(row + kHostBytes + 8 * i, &compared[i].digest, 8);
  ranks.all_gather(own, all);
  const auto* rows = all.data<uint8_t>();
  std::vector<uint64_t> column(size_t(ranks.size()));
  for (size_t i = 0; i < compared.size(); ++i) {
    for (size_t r = 0; r < column.size(); ++r)
      std::memcpy(&column[r], rows + r * kRow + kHostBytes + 8 * i, 8);
    const std::vector<int> odd = odd_ranks(column);
    if (odd.empty()) continue;
    std::string who;
    for (size_t k = 0; k < odd.size() && k < 8; ++k)
      who += fmt::format("{}{} (host {})", k ? ", " : "", odd[k], host_of(rows, kRow, odd[k]));
    if (odd.size() > 8) who += fmt::format(" and {} more", odd.size() - 8);
    int usual = 0;
    while (std::find(odd.begin(), odd.end(), usual) != odd.end()) ++usual;
    throw ConfigError(
        "the ranks do not start alike: {} of rank {} has digest {:016x}, that of rank {} (host {}) has "
        "{:016x}",
        compared[i].name, who, column[size_t(odd.front())], usual, host_of(rows, kRow, usual),
        column[size_t(usual)]);
  }
}

}  // namespace genesis::trainer
