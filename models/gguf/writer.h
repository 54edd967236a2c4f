#pragma once
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "kernels/core/array.h"

namespace genesis::models {

/// The keys of a GGUF file, in the order they are added.
class GgufKeys {
 public:
  void add(std::string_view key, uint32_t value);
  void add(std::string_view key, float value);
  void add(std::string_view key, bool value);
  void add(std::string_view key, std::string_view value);
  void add(std::string_view key, const std::vector<std::string>& values);
  void add(std::string_view key, const std::vector<int32_t>& values);

  uint64_t count() const { return count_; }
  const std::string& bytes() const { return bytes_; }

 private:
  void begin(std::string_view key, uint32_t type);
  std::string bytes_;
  uint64_t count_ = 0;
};

/// A tensor of a GGUF file; `values` gives its numbers when they are wanted.
struct GgufTensor {
  std::string name;
  Shape shape;               ///< row-major, as everywhere here; the file lists extents the other way round
  DType dtype = DType::f32;  ///< f32, f16 or bf16
  std::function<Array()> values;  ///< contiguous, of any floating dtype and that shape
};

/// Writes a GGUF file of version 3, tensor by tensor, under another name and published by one rename; then
/// maps it and compares every tensor with its source. Returns the number of bytes. Errors: NumericsError
/// naming the tensor when f16 cannot hold a value; CheckpointError when what was written reads back
/// otherwise; DiskError. Source: the GGUF specification of the ggml project (docs/gguf.md).
int64_t write_gguf(const std::filesystem::path& path, const GgufKeys& keys,
                   const std::vector<GgufTensor>& tensors);

}  // namespace genesis::models
