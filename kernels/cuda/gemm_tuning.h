#pragma once
#include <array>
#include <cstdint>
#include <filesystem>
#include <map>
#include <mutex>
#include <optional>
#include <string>

namespace genesis::kernels::cuda {

/// An algorithm of cuBLASLt as it is kept on disk.
using AlgorithmBits = std::array<uint64_t, 8>;

/// Which algorithm was the fastest for a product, remembered over runs: one line a product in a text file
///   KEY = 16 hexadecimal digits x 8
/// in $GENESIS_CACHE, $XDG_CACHE_HOME/genesis or ~/.cache/genesis; the file's name holds card and library
/// version, so that nothing is used where it was not measured. A line that cannot be read is ignored and
/// measured again.
class TuningCache {
 public:
  /// An empty path keeps everything in memory.
  explicit TuningCache(std::filesystem::path file);

  std::optional<AlgorithmBits> find(const std::string& key) const;
  /// Remembers and appends to the file; a file that cannot be written is no error.
  void add(const std::string& key, const AlgorithmBits& bits);
  size_t size() const;
  const std::filesystem::path& file() const { return file_; }

 private:
  std::filesystem::path file_;
  mutable std::mutex mutex_;
  std::map<std::string, AlgorithmBits> known_;
};

/// Where what was measured of a library on a card is kept; empty when no folder can be made.
std::filesystem::path tuning_file(const std::string& library, int64_t version, const std::string& card);

/// Rounds a number of rows up to one of four sizes per power of two: rows change with every packed batch, and
/// neighbours share an algorithm.
int64_t tuning_bucket(int64_t rows);

}  // namespace genesis::kernels::cuda
