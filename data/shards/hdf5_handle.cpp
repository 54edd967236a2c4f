#include "data/shards/hdf5_handle.h"

#include <hdf5.h>

#include <type_traits>

namespace genesis::data {
namespace {

/// The library prints its errors unless told not to; ours say what matters. Built for threads, it has to be
/// told in each.
void quiet() {
  thread_local const bool done = H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr) >= 0;
  (void)done;
}

}  // namespace

std::unique_lock<std::recursive_mutex> hdf5_lock() {
  static std::recursive_mutex mutex;
  std::unique_lock lock(mutex);
  quiet();
  return lock;
}

static_assert(std::is_same_v<hid_t, Hdf5Handle::Id> && std::is_same_v<herr_t, int>);

Hdf5Handle::Hdf5Handle(Id id, Close close, const std::string& what) : id_(id), close_(close) {
  if (id < 0) throw DataError(what);
}

Hdf5Handle::~Hdf5Handle() {
  if (id_ < 0) return;
  const auto lock = hdf5_lock();
  close_(id_);
}

Hdf5Handle& Hdf5Handle::operator=(Hdf5Handle&& other) noexcept {
  std::swap(id_, other.id_);
  std::swap(close_, other.close_);
  return *this;
}

bool Hdf5Handle::close() {
  const auto lock = hdf5_lock();
  const Id id = std::exchange(id_, -1);
  return id < 0 || close_(id) >= 0;
}

Hdf5Handle create_hdf5(const std::filesystem::path& path) {
  const auto lock = hdf5_lock();
  const Hdf5Handle access(H5Pcreate(H5P_FILE_ACCESS), H5Pclose, "HDF5 cannot make a property list");
  H5Pset_libver_bounds(access.id(), H5F_LIBVER_LATEST, H5F_LIBVER_LATEST);
  const hid_t id = H5Fcreate(path.c_str(), H5F_ACC_EXCL, H5P_DEFAULT, access.id());
  if (id < 0) throw DiskError("{}: cannot be created", path.string());
  return {id, H5Fclose, {}};
}

Hdf5Handle open_hdf5(const std::filesystem::path& path) {
  const auto lock = hdf5_lock();
  return {H5Fopen(path.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT), H5Fclose,
          fmt::format("{}: is no HDF5 file, or a damaged one", path.string())};
}

}  // namespace genesis::data
