#pragma once
#include <cstdint>
#include <optional>
#include <string_view>

#include "kernels/core/dtype.h"

namespace genesis::models {

/// An element type of the safetensors format. Genesis lists all 22 and computes with those that are a DType.
struct StoredType {
  std::string_view name;       ///< as written in the header, case-sensitive
  int bits;                    ///< of one element
  std::optional<DType> dtype;  ///< the type in memory, when Genesis has it

  bool operator==(const StoredType& other) const { return name == other.name; }
};

/// nullptr for a name the format does not know. The result lives as long as the program.
const StoredType* find_stored_type(std::string_view name);

/// The stored type of a dtype: f32 -> F32.
const StoredType& stored_type_of(DType dtype);

/// Place in the format's own order; a writer that sorts by it, largest first, aligns every tensor naturally.
int alignment_rank(const StoredType& type);

}  // namespace genesis::models
