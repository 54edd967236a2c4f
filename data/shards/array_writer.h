#pragma once
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "data/shards/array_kind.h"
#include "data/shards/hdf5_handle.h"

namespace genesis::data {

/// Appends to a one-dimensional array of an HDF5 file, chunk by chunk: Fletcher32 by the library, and beside
/// the array NAME an array NAME.xxh3 with our own digest of each chunk. Memory is one chunk and the digests.
/// Errors: DiskError naming file and array.
class ArrayWriter {
 public:
  /// `chunk`: elements of a chunk.
  ArrayWriter(const Hdf5Handle& file, std::filesystem::path path, std::string name, ArrayKind kind,
              int64_t chunk);

  /// `count` elements of the array's kind.
  void append(const void* elements, int64_t count);
  template <class T>
  void append(std::span<const T> values) {
    append(values.data(), int64_t(values.size()));
  }
  /// Writes what is left and the digests, and closes the array.
  void finish();

  int64_t size() const { return size_ + int64_t(buffer_.size() / element_bytes(kind_)); }

 private:
  void write_chunk(const char* elements, int64_t count);
  void check(bool good, const char* what) const;

  std::filesystem::path path_;
  std::string name_;
  ArrayKind kind_;
  int64_t chunk_, size_ = 0;
  Hdf5Handle::Id file_;
  Hdf5Handle array_;
  std::vector<char> buffer_;
  std::vector<uint64_t> digests_;
};

}  // namespace genesis::data
