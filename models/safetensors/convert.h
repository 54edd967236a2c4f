#pragma once
#include <cstdint>

#include "kernels/core/dtype.h"

namespace genesis::models {

/// True when values of `from` may be stored as `to`: any float to any float, an integer type only to itself.
bool can_convert(DType from, DType to);

/// Converts n contiguous values; source and target may be unaligned (tensors in a file need not be aligned).
///   Narrowing rounds to nearest even. Bit-exact copy when the types are equal. CPU; uses parallel_for.
/// Errors: genesis::Error when !can_convert.
void convert_values(const void* source, DType from, void* target, DType to, int64_t n);

}  // namespace genesis::models
