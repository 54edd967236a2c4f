#include "data/shards/array_writer.h"

#include <xxhash.h>

#include <algorithm>

#include "data/shards/array_types.h"

namespace genesis::data {
namespace {

Hdf5Handle new_array(hid_t file, const std::string& name, ArrayKind kind, hsize_t chunk) {
  const hsize_t none = 0, endless = H5S_UNLIMITED;
  const Hdf5Handle space(H5Screate_simple(1, &none, &endless), H5Sclose, "HDF5 cannot make a space");
  const Hdf5Handle how(H5Pcreate(H5P_DATASET_CREATE), H5Pclose, "HDF5 cannot make a property list");
  if (H5Pset_chunk(how.id(), 1, &chunk) < 0 || H5Pset_fletcher32(how.id()) < 0)
    throw Error("HDF5 cannot set up a chunked array");
  return {H5Dcreate2(file, name.c_str(), hdf5_type(kind), space.id(), H5P_DEFAULT, how.id(), H5P_DEFAULT),
          H5Dclose, "HDF5 cannot make the array " + name};
}

}  // namespace

uint64_t chunk_digest(const void* elements, size_t bytes) { return XXH3_64bits(elements, bytes); }

ArrayWriter::ArrayWriter(const Hdf5Handle& file, std::filesystem::path path, std::string name, ArrayKind kind,
                         int64_t chunk)
    : path_(std::move(path)), name_(std::move(name)), kind_(kind), chunk_(chunk), file_(file.id()) {
  const auto lock = hdf5_lock();
  array_ = new_array(file_, name_, kind_, hsize_t(chunk_));
  buffer_.reserve(size_t(chunk_) * element_bytes(kind_));
}

void ArrayWriter::append(const void* elements, int64_t count) {
  const size_t bytes = element_bytes(kind_), full = size_t(chunk_) * bytes;
  const char* next = static_cast<const char*>(elements);
  for (size_t left = size_t(count) * bytes; left > 0;) {
    const size_t taken = std::min(left, full - buffer_.size());
    buffer_.insert(buffer_.end(), next, next + taken);
    next += taken;
    left -= taken;
    if (buffer_.size() < full) return;
    write_chunk(buffer_.data(), chunk_);
    buffer_.clear();
  }
}

void ArrayWriter::write_chunk(const char* elements, int64_t count) {
  const auto lock = hdf5_lock();
  const hsize_t begin = hsize_t(size_), length = hsize_t(count), end = begin + length;
  check(H5Dset_extent(array_.id(), &end) >= 0, "cannot grow");
  const Hdf5Handle memory(H5Screate_simple(1, &length, nullptr), H5Sclose, "HDF5 cannot make a space");
  const Hdf5Handle file(H5Dget_space(array_.id()), H5Sclose, "HDF5 cannot make a space");
  check(H5Sselect_hyperslab(file.id(), H5S_SELECT_SET, &begin, nullptr, &length, nullptr) >= 0,
        "cannot select");
  check(H5Dwrite(array_.id(), hdf5_type(kind_), memory.id(), file.id(), H5P_DEFAULT, elements) >= 0,
        "cannot be written");
  digests_.push_back(chunk_digest(elements, size_t(count) * element_bytes(kind_)));
  size_ += count;
}

void ArrayWriter::finish() {
  const auto lock = hdf5_lock();
  if (!buffer_.empty()) write_chunk(buffer_.data(), int64_t(buffer_.size() / element_bytes(kind_)));
  buffer_.clear();
  check(array_.close(), "cannot be closed; the disk may be full");

  Hdf5Handle digests = new_array(file_, name_ + ".xxh3", ArrayKind::uint64, 256);
  const hsize_t count = digests_.size();
  if (count > 0) {
    check(H5Dset_extent(digests.id(), &count) >= 0, "cannot grow its digests");
    check(H5Dwrite(digests.id(), H5T_STD_U64LE, H5S_ALL, H5S_ALL, H5P_DEFAULT, digests_.data()) >= 0,
          "digests cannot be written");
  }
  check(digests.close(), "digests cannot be closed; the disk may be full");
}

void ArrayWriter::check(bool good, const char* what) const {
  if (!good) throw DiskError("{}: array {}: {}", path_.string(), name_, what);
}

}  // namespace genesis::data
