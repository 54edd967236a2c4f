#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "kernels/core/shape.h"
#include "models/safetensors/stored_type.h"

namespace genesis::models {

/// One tensor of a safetensors file. Offsets are bytes from the start of the data area.
struct StoredTensor {
  std::string name;
  const StoredType* type = nullptr;
  Shape shape;
  int64_t begin = 0;
  int64_t end = 0;
};

/// What a safetensors header says, already proven consistent with the size of the file.
struct SafetensorsHeader {
  std::vector<StoredTensor> tensors;  ///< by offset: they tile the data area without hole or overlap
  std::map<std::string, std::string> metadata;  ///< the `__metadata__` object
  int64_t data_begin = 0;                       ///< bytes from the start of the file
  std::vector<std::string> warnings;            ///< what Strictness::lenient let pass, a sentence each
};

/// What is done with a header that the format's description forbids and its reference reader accepts all the
/// same: a tensor's name or a metadata key given twice (the last one counts), unknown fields, white space in
/// front, a tensor written as a list, a dtype written as an object, names with NUL or "../".
///   strict refuses it; lenient reads it as the reference reader does and says so in `warnings`.
enum class Strictness { strict, lenient };

/// Largest header the format allows, bytes.
inline constexpr int64_t kMaxHeaderBytes = 100'000'000;

/// Reads and checks a header.
///   The rules are those of the reference reader; where that one accepts what it should not, see Strictness.
/// Shapes: `start` = the first bytes of the file (all of the header at least, if the file has it);
/// `file_bytes` its size. Errors: CheckpointError naming `file` and, where there is one, the tensor. Source:
/// the safetensors format description (README of its repository) and its reader's checks.
SafetensorsHeader parse_safetensors_header(std::string_view start, int64_t file_bytes,
                                           const std::string& file,
                                           Strictness strictness = Strictness::strict);

}  // namespace genesis::models
