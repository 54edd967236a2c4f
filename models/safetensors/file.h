#pragma once
#include <filesystem>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "kernels/core/array.h"
#include "models/safetensors/header.h"
#include "models/safetensors/mapped_file.h"

namespace genesis::models {

/// A part of a tensor: rows [row_begin, row_end) of the first dimension and, for two dimensions, columns
/// [column_begin, column_end) of the second. An end of -1 is the full extent.
struct TensorBox {
  int64_t row_begin = 0, row_end = -1;
  int64_t column_begin = 0, column_end = -1;
};

/// While it lives, files that this thread opens are read as Strictness::lenient says, each thing let pass
/// with a warning on stderr.
class LenientReading {
 public:
  /// wanted false: nothing changes.
  explicit LenientReading(bool wanted = true);
  ~LenientReading();
  LenientReading(const LenientReading&) = delete;
  LenientReading& operator=(const LenientReading&) = delete;

 private:
  Strictness previous_;
};

/// A safetensors file, memory-mapped and checked in full when it is opened; data is touched when it is read.
///   Copies share the mapping.
class SafetensorsFile {
 public:
  /// Errors: CheckpointError naming the file and the tensor (see parse_safetensors_header).
  static SafetensorsFile open(const std::filesystem::path& path);

  const std::filesystem::path& path() const { return path_; }
  /// In the order of their data.
  const std::vector<StoredTensor>& tensors() const { return header_->tensors; }
  const std::map<std::string, std::string>& metadata() const { return header_->metadata; }

  /// nullptr when the file has no such tensor.
  const StoredTensor* find(std::string_view name) const;
  /// Errors: CheckpointError naming file and tensor.
  const StoredTensor& at(std::string_view name) const;
  /// The stored bytes; valid as long as a copy of this object lives. Not aligned in general.
  std::span<const std::byte> bytes(const StoredTensor& tensor) const;

  /// Copies a tensor, or a box of it, into `dst`, converted to dst's dtype.
  /// Shapes: dst has the box's shape; it may be a view whose rows are apart, each row contiguous. CPU.
  /// Errors: CheckpointError naming file and tensor: absent, shape differs, dtype has no conversion.
  void read_into(std::string_view name, const Array& dst, const TensorBox& box = {}) const;
  /// The whole tensor in its stored dtype.
  Array read(std::string_view name) const;

 private:
  /// Fills dst, contiguous, with the tensor's values from number `first` on.
  void read_rows(const StoredTensor& tensor, int64_t first, const Array& dst) const;

  std::filesystem::path path_;
  std::shared_ptr<const MappedFile> file_;
  std::shared_ptr<const SafetensorsHeader> header_;
  std::shared_ptr<const std::unordered_map<std::string_view, const StoredTensor*>> by_name_;
};

}  // namespace genesis::models
