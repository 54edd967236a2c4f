#pragma once
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "data/shards/array_kind.h"
#include "data/shards/hdf5_handle.h"

namespace genesis::data {

/// Where one chunk of an array lies in its file, and what its elements must digest to.
struct ChunkPlace {
  int64_t offset = 0;  ///< bytes from the beginning of the file
  int64_t count = 0;   ///< elements that count; the last chunk of an array is padded
  uint64_t digest = 0;
};

/// The shape of an array of ArrayWriter: what is needed to read its chunks without the HDF5 library.
struct ArrayMap {
  int64_t size = 0;   ///< elements
  int64_t chunk = 0;  ///< elements of a chunk
  std::vector<ChunkPlace> chunks;
};

/// Reads the map of an array. Errors: DataError naming file and array when it is absent, of another type, or
/// its
///   chunks are not where chunks can be.
ArrayMap map_array(const Hdf5Handle& file, const std::filesystem::path& path, const std::string& name,
                   ArrayKind kind);

/// An array of int64 as a whole, every chunk checked. Errors: DataError naming file, array and chunk.
std::vector<int64_t> read_int64_array(const Hdf5Handle& file, const std::filesystem::path& path,
                                      const std::string& name);

}  // namespace genesis::data
