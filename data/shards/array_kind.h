#pragma once
#include <cstdint>

namespace genesis::data {

/// Element types of the arrays in a shard. The file has them in little-endian order.
enum class ArrayKind : uint8_t { bytes, int32, int64, uint64 };

constexpr size_t element_bytes(ArrayKind kind) {
  return kind == ArrayKind::bytes ? 1 : kind == ArrayKind::int32 ? 4 : 8;
}

/// XXH3 of the elements of one chunk (without the padding of the last one).
uint64_t chunk_digest(const void* elements, size_t bytes);

}  // namespace genesis::data
