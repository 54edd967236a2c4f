#pragma once
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "kernels/core/array.h"
#include "models/safetensors/header.h"

namespace genesis::models {

/// A tensor that will be written: its name, the dtype it is stored in, its shape.
struct TensorToWrite {
  std::string name;
  DType dtype = DType::f32;
  Shape shape;

  int64_t nbytes() const { return numel_of(shape) * size_of(dtype); }
};

using Metadata = std::map<std::string, std::string>;

/// Writes one safetensors file, tensor by tensor, so that no more than one tensor is held in memory.
///   Bytes go to "PATH.tmp-…" beside the target; finish() syncs that file, renames it to PATH and syncs the
///   folder. Without finish() the target stays as it was and the temporary file is removed.
/// Determinism: bytes depend on the tensors and metadata only; tensors are laid out by dtype (widest first),
/// then name.
class SafetensorsWriter {
 public:
  /// Errors: genesis::Error for a name twice; DiskError when the file cannot be made or the disk has no room.
  SafetensorsWriter(const std::filesystem::path& path, std::vector<TensorToWrite> tensors,
                    const Metadata& metadata = {});
  ~SafetensorsWriter();
  SafetensorsWriter(SafetensorsWriter&&) noexcept;
  SafetensorsWriter& operator=(SafetensorsWriter&&) = delete;

  /// Stores a tensor's values, converted to its declared dtype. Any order, each once. `values`: CPU,
  /// contiguous. Errors: genesis::Error for an undeclared name, a second write or another shape; DiskError.
  void write(std::string_view name, const Array& values);
  /// Errors: genesis::Error when a tensor was never written; DiskError naming the file. A failed sync is a
  /// failed save.
  void finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace genesis::models
