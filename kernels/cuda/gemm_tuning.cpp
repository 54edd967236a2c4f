#include "kernels/cuda/gemm_tuning.h"

#include <fmt/core.h>

#include <algorithm>
#include <bit>
#include <cctype>
#include <cstdlib>
#include <fstream>
#include <sstream>

namespace genesis::kernels::cuda {
namespace {

namespace fs = std::filesystem;

std::optional<AlgorithmBits> parse(const std::string& text) {
  std::istringstream words(text);
  AlgorithmBits bits{};
  for (uint64_t& b : bits) {
    std::string word;
    if (!(words >> word) || word.size() != 16 ||
        word.find_first_not_of("0123456789abcdef") != std::string::npos)
      return std::nullopt;
    b = std::stoull(word, nullptr, 16);
  }
  std::string more;
  if (words >> more) return std::nullopt;
  return bits;
}

}  // namespace

TuningCache::TuningCache(fs::path file) : file_(std::move(file)) {
  std::ifstream in(file_);
  for (std::string line; std::getline(in, line);) {
    const auto equals = line.find(" = ");
    if (equals == std::string::npos) continue;
    if (const auto bits = parse(line.substr(equals + 3))) known_[line.substr(0, equals)] = *bits;
  }
}

std::optional<AlgorithmBits> TuningCache::find(const std::string& key) const {
  std::lock_guard lock(mutex_);
  const auto found = known_.find(key);
  return found == known_.end() ? std::nullopt : std::optional(found->second);
}

void TuningCache::add(const std::string& key, const AlgorithmBits& bits) {
  std::lock_guard lock(mutex_);
  known_[key] = bits;
  if (file_.empty()) return;
  std::string line = key + " =";
  for (const uint64_t b : bits) line += fmt::format(" {:016x}", b);
  std::ofstream out(file_, std::ios::app);
  out << line + "\n";  // one write: several ranks append to one file
}

size_t TuningCache::size() const {
  std::lock_guard lock(mutex_);
  return known_.size();
}

fs::path tuning_file(const std::string& library, int64_t version, const std::string& card) {
  const auto set = [](const char* name) -> std::string {
    const char* value = std::getenv(name);
    return value ? value : "";
  };
  fs::path folder = set("GENESIS_CACHE");
  if (folder.empty() && !set("XDG_CACHE_HOME").empty()) folder = fs::path(set("XDG_CACHE_HOME")) / "genesis";
  if (folder.empty() && !set("HOME").empty()) folder = fs::path(set("HOME")) / ".cache" / "genesis";
  if (folder.empty()) return {};
  std::error_code problem;
  fs::create_directories(folder, problem);
  if (problem) return {};
  std::string name;
  for (const char c : card) name += std::isalnum(static_cast<unsigned char>(c)) ? c : '-';
  return folder / fmt::format("{}-{}-{}.txt", library, version, name);
}

int64_t tuning_bucket(int64_t rows) {
  if (rows <= 16) return rows;
  const int64_t step = std::max<int64_t>(1, int64_t(std::bit_floor(uint64_t(rows))) / 4);
  return (rows + step - 1) / step * step;
}

}  // namespace genesis::kernels::cuda
