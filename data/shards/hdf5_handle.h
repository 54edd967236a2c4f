#pragma once
#include <cstdint>
#include <filesystem>
#include <mutex>
#include <string>
#include <utility>

#include "kernels/core/error.h"

namespace genesis::data {

/// Held around every use of the HDF5 library, whose build may not be safe for several threads.
std::unique_lock<std::recursive_mutex> hdf5_lock();

/// One object of the HDF5 library. Move-only. close() says whether the library could close it (a full disk
/// shows there and nowhere else); the destructor closes what was not closed, and says nothing.
class Hdf5Handle {
 public:
  using Id = int64_t;  ///< hid_t; the library's header stays in the .cpp files
  using Close = int (*)(Id);
  Hdf5Handle() = default;
  /// Errors: DataError `what` when id is negative.
  Hdf5Handle(Id id, Close close, const std::string& what);
  ~Hdf5Handle();
  Hdf5Handle(Hdf5Handle&& other) noexcept : id_(std::exchange(other.id_, -1)), close_(other.close_) {}
  Hdf5Handle& operator=(Hdf5Handle&& other) noexcept;

  Id id() const { return id_; }
  /// False when the library could not.
  bool close();

 private:
  Id id_ = -1;
  Close close_ = nullptr;
};

/// A new file, readable by the library's newest format only: its metadata carry checksums.
/// Errors: DiskError naming the path.
Hdf5Handle create_hdf5(const std::filesystem::path& path);
/// A file for reading. Errors: DataError naming the path.
Hdf5Handle open_hdf5(const std::filesystem::path& path);

}  // namespace genesis::data
