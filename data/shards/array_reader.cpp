#include "data/shards/array_reader.h"

#include <algorithm>
#include <system_error>

#include "data/shards/array_types.h"

namespace genesis::data {
namespace {

constexpr int64_t kFletcherBytes = 4;
constexpr int64_t kMostElements = int64_t{1} << 40;

[[noreturn]] void refuse(const std::filesystem::path& path, const std::string& name, std::string_view why) {
  throw DataError("{}: array {}: {}", path.string(), name, why);
}

/// An opened array whose type, rank, chunking and filter are those of ArrayWriter.
struct OpenArray {
  Hdf5Handle array;
  int64_t size = 0, chunk = 0;
};

OpenArray open_array(const Hdf5Handle& file, const std::filesystem::path& path, const std::string& name,
                     ArrayKind kind) {
  OpenArray open;
  open.array = Hdf5Handle(H5Dopen2(file.id(), name.c_str(), H5P_DEFAULT), H5Dclose,
                          fmt::format("{}: array {}: is absent", path.string(), name));
  const Hdf5Handle type(H5Dget_type(open.array.id()), H5Tclose, "HDF5 cannot tell a type");
  const Hdf5Handle space(H5Dget_space(open.array.id()), H5Sclose, "HDF5 cannot tell a space");
  const Hdf5Handle how(H5Dget_create_plist(open.array.id()), H5Pclose, "HDF5 cannot tell a layout");
  if (H5Tequal(type.id(), hdf5_type(kind)) <= 0) refuse(path, name, "has another element type");
  if (H5Sget_simple_extent_ndims(space.id()) != 1) refuse(path, name, "has another rank");
  hsize_t size = 0, chunk = 0;
  H5Sget_simple_extent_dims(space.id(), &size, nullptr);
  if (H5Pget_layout(how.id()) != H5D_CHUNKED || H5Pget_chunk(how.id(), 1, &chunk) != 1 || chunk == 0)
    refuse(path, name, "is not chunked");
  unsigned flags = 0;
  size_t values = 0;
  if (H5Pget_nfilters(how.id()) != 1 ||
      H5Pget_filter2(how.id(), 0, &flags, &values, nullptr, 0, nullptr, nullptr) != H5Z_FILTER_FLETCHER32)
    refuse(path, name, "has no Fletcher32 checksums");
  if (size > hsize_t(kMostElements) || chunk > hsize_t(kMostElements)) refuse(path, name, "is too large");
  open.size = int64_t(size);
  open.chunk = int64_t(chunk);
  return open;
}

std::vector<uint64_t> read_digests(const Hdf5Handle& file, const std::filesystem::path& path,
                                   const std::string& name, int64_t chunks) {
  const OpenArray open = open_array(file, path, name + ".xxh3", ArrayKind::uint64);
  if (open.size != chunks) refuse(path, name, fmt::format("has {} chunks and {} digests", chunks, open.size));
  std::vector<uint64_t> digests(static_cast<size_t>(chunks));
  if (chunks > 0 &&
      H5Dread(open.array.id(), H5T_STD_U64LE, H5S_ALL, H5S_ALL, H5P_DEFAULT, digests.data()) < 0)
    refuse(path, name, "its digests cannot be read or have a wrong checksum");
  return digests;
}

int64_t chunks_of(const OpenArray& open) { return (open.size + open.chunk - 1) / open.chunk; }

}  // namespace

ArrayMap map_array(const Hdf5Handle& file, const std::filesystem::path& path, const std::string& name,
                   ArrayKind kind) {
  const auto lock = hdf5_lock();
  const OpenArray open = open_array(file, path, name, kind);
  std::error_code error;
  const int64_t file_bytes = int64_t(std::filesystem::file_size(path, error));
  if (error) refuse(path, name, error.message());
  const int64_t chunk_bytes = open.chunk * int64_t(element_bytes(kind));
  if (open.size * int64_t(element_bytes(kind)) > file_bytes) refuse(path, name, "is larger than its file");
  ArrayMap map{open.size, open.chunk, {}};
  const auto digests = read_digests(file, path, name, chunks_of(open));
  for (int64_t begin = 0; begin < open.size; begin += open.chunk) {
    const hsize_t coordinate = hsize_t(begin);
    unsigned skipped = 0;
    haddr_t address = HADDR_UNDEF;
    hsize_t bytes = 0;
    if (H5Dget_chunk_info_by_coord(open.array.id(), &coordinate, &skipped, &address, &bytes) < 0 ||
        address == HADDR_UNDEF)
      refuse(path, name, fmt::format("the chunk of element {} is absent", begin));
    if (skipped != 0 || int64_t(bytes) != chunk_bytes + kFletcherBytes || address > haddr_t(file_bytes) ||
        int64_t(address) > file_bytes - int64_t(bytes))
      refuse(path, name, fmt::format("the chunk of element {} lies outside the file", begin));
    map.chunks.push_back(
        {int64_t(address), std::min(open.chunk, open.size - begin), digests[map.chunks.size()]});
  }
  return map;
}

std::vector<int64_t> read_int64_array(const Hdf5Handle& file, const std::filesystem::path& path,
                                      const std::string& name) {
  const auto lock = hdf5_lock();
  const ArrayMap map = map_array(file, path, name, ArrayKind::int64);
  const OpenArray open = open_array(file, path, name, ArrayKind::int64);
  std::vector<int64_t> values(static_cast<size_t>(map.size));
  if (map.size > 0 &&
      H5Dread(open.array.id(), H5T_STD_I64LE, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()) < 0)
    refuse(path, name, "cannot be read or has a wrong checksum");
  for (size_t c = 0; c < map.chunks.size(); ++c) {
    const int64_t* begin = values.data() + int64_t(c) * map.chunk;
    if (chunk_digest(begin, size_t(map.chunks[c].count) * sizeof(int64_t)) != map.chunks[c].digest)
      refuse(path, name, fmt::format("chunk {} has another digest than was written", c));
  }
  return values;
}

}  // namespace genesis::data
