#pragma once
#include <atomic>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <vector>

#include "data/shards/array_reader.h"
#include "data/shards/manifest.h"

namespace genesis::data {

/// One shard of a folder, open for reading.
///   Opening compares the file's size and XXH3 with the manifest, before the HDF5 library sees a byte of it,
///   then reads the sample table through the library and where the chunks lie. Tokens are read by pread, past
///   the library, from any number of threads; a chunk's own digest is checked when it is first touched.
/// Errors: DataError naming file, array and chunk.
class ShardFile {
 public:
  struct Row {
    int64_t offset = 0;
    int32_t length = 0, supervised = 0;
    uint64_t digest[2] = {0, 0};
    int32_t file = 0;
    int64_t line = 0;
  };
  /// What its tokens can be.
  struct Bounds {
    int64_t vocab_size = 0;  ///< ids are below it
    int codes = 2;           ///< so are the mask's codes of weights
  };
  ShardFile(const std::filesystem::path& folder, const Manifest::Shard& shard, Bounds bounds);
  ~ShardFile();
  ShardFile(const ShardFile&) = delete;
  ShardFile& operator=(const ShardFile&) = delete;

  const std::vector<Row>& rows() const { return rows_; }
  /// Tokens [offset, offset + ids.size()) and their mask.
  void read(int64_t offset, std::span<int32_t> ids, std::span<uint8_t> supervised) const;
  void read_mask(int64_t offset, std::span<uint8_t> supervised) const;

 private:
  struct Array {
    ArrayMap map;
    size_t element_bytes = 1;
    std::unique_ptr<std::atomic<bool>[]> checked;  // [chunks]
  };
  void read_rows(const std::vector<int64_t>& table, const Manifest::Shard& shard);
  void read_array(const Array& array, const char* name, int64_t begin, int64_t count, char* into) const;
  void check_chunk(const Array& array, const char* name, size_t chunk) const;
  void read_bytes(int64_t offset, size_t count, char* into) const;

  std::filesystem::path path_;
  Bounds bounds_;
  int fd_ = -1;
  Array ids_, supervised_;
  std::vector<Row> rows_;
};

}  // namespace genesis::data
