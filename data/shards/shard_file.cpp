#include "data/shards/shard_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <system_error>

#include "data/shards/file_digest.h"
#include "data/shards/shard_writer.h"

namespace genesis::data {
namespace fs = std::filesystem;

ShardFile::ShardFile(const fs::path& folder, const Manifest::Shard& shard, Bounds bounds)
    : path_(folder / shard.file), bounds_(bounds) {
  std::error_code error;
  const auto bytes = fs::file_size(path_, error);
  if (error) throw DataError("{}: cannot be read: {}", path_.string(), error.message());
  if (int64_t(bytes) != shard.bytes)
    throw DataError("{}: has {} bytes, the manifest says {}", path_.string(), bytes, shard.bytes);
  if (const std::string found = xxh3_of_file(path_); found != shard.xxh3)
    throw DataError("{}: is damaged: its digest is {}, the manifest says {}", path_.string(), found,
                    shard.xxh3);
  {
    const auto lock = hdf5_lock();
    const Hdf5Handle file = open_hdf5(path_);
    ids_ = {map_array(file, path_, "ids", ArrayKind::int32), sizeof(int32_t), nullptr};
    supervised_ = {map_array(file, path_, "supervised", ArrayKind::bytes), 1, nullptr};
    read_rows(read_int64_array(file, path_, "samples"), shard);
  }
  for (Array* array : {&ids_, &supervised_})
    array->checked = std::make_unique<std::atomic<bool>[]>(array->map.chunks.size());
  fd_ = ::open(path_.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd_ < 0) throw DataError("{}: cannot be opened: {}", path_.string(), std::strerror(errno));
}

ShardFile::~ShardFile() {
  if (fd_ >= 0) ::close(fd_);
}

void ShardFile::read_rows(const std::vector<int64_t>& table, const Manifest::Shard& shard) {
  const auto refuse = [&](std::string_view why) {
    throw DataError("{}: array samples: {}", path_.string(), why);
  };
  if (int64_t(table.size()) != shard.samples * kColumns || ids_.map.size != shard.tokens ||
      supervised_.map.size != shard.tokens)
    refuse("its size is not the manifest's");
  int64_t next = 0;
  rows_.reserve(size_t(shard.samples));
  for (size_t i = 0; i < table.size(); i += kColumns) {
    const int64_t* row = &table[i];
    if (row[kOffset] != next || row[kLength] < 1 || row[kLength] > ids_.map.size - next)
      refuse(fmt::format("sample {} does not follow the one before", i / kColumns));
    if (row[kSupervised] < 0 || row[kSupervised] >= row[kLength] || row[kFileIndex] < 0 ||
        row[kFileIndex] > INT32_MAX)
      refuse(fmt::format("sample {} has impossible counts", i / kColumns));
    rows_.push_back({row[kOffset],
                     int32_t(row[kLength]),
                     int32_t(row[kSupervised]),
                     {uint64_t(row[kDigest0]), uint64_t(row[kDigest1])},
                     int32_t(row[kFileIndex]),
                     row[kLine]});
    next += row[kLength];
  }
  if (next != ids_.map.size) refuse("there are tokens that belong to no sample");
}

void ShardFile::read(int64_t offset, std::span<int32_t> ids, std::span<uint8_t> supervised) const {
  read_array(ids_, "ids", offset, int64_t(ids.size()), reinterpret_cast<char*>(ids.data()));
  read_mask(offset, supervised);
}

void ShardFile::read_mask(int64_t offset, std::span<uint8_t> supervised) const {
  read_array(supervised_, "supervised", offset, int64_t(supervised.size()),
             reinterpret_cast<char*>(supervised.data()));
}

void ShardFile::read_array(const Array& array, const char* name, int64_t begin, int64_t count,
                           char* into) const {
  while (count > 0) {
    const size_t chunk = size_t(begin / array.map.chunk);
    const int64_t inside = begin % array.map.chunk;
    const int64_t taken = std::min(count, array.map.chunks[chunk].count - inside);
    if (!array.checked[chunk].load(std::memory_order_acquire)) check_chunk(array, name, chunk);
    const size_t bytes = size_t(taken) * array.element_bytes;
    read_bytes(array.map.chunks[chunk].offset + inside * int64_t(array.element_bytes), bytes, into);
    into += bytes;
    begin += taken;
    count -= taken;
  }
}

void ShardFile::check_chunk(const Array& array, const char* name, size_t chunk) const {
  const ChunkPlace& place = array.map.chunks[chunk];
  std::vector<char> bytes(size_t(place.count) * array.element_bytes);
  read_bytes(place.offset, bytes.size(), bytes.data());
  const auto refuse = [&](std::string_view why) {
    throw DataError("{}: array {}: chunk {} {}", path_.string(), name, chunk, why);
  };
  if (chunk_digest(bytes.data(), bytes.size()) != place.digest) refuse("has another digest than was written");
  if (&array == &ids_) {
    for (size_t i = 0; i < bytes.size(); i += sizeof(int32_t)) {
      int32_t id;
      std::memcpy(&id, &bytes[i], sizeof id);
      if (id < 0 || id >= bounds_.vocab_size) refuse(fmt::format("holds the id {}, no token", id));
    }
  } else if (std::any_of(bytes.begin(), bytes.end(), [&](char b) { return uint8_t(b) >= bounds_.codes; })) {
    refuse("holds a mask that is no code of a weight");
  }
  array.checked[chunk].store(true, std::memory_order_release);
}

void ShardFile::read_bytes(int64_t offset, size_t count, char* into) const {
  for (size_t done = 0; done < count;) {
    const ssize_t n = ::pread(fd_, into + done, count - done, offset + int64_t(done));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) throw DataError("{}: cannot be read: {}", path_.string(), std::strerror(errno));
    if (n == 0) throw DataError("{}: ends {} bytes early", path_.string(), count - done);
    done += size_t(n);
  }
}

}  // namespace genesis::data
