#pragma once
#include <cstdint>
#include <string>

namespace genesis::trainer {

/// CRC-32C (Castagnoli) of bytes, continued from `before`, the value for what precedes them.
///   Check: crc32c("123456789") = e3069283.
uint32_t crc32c(const void* data, int64_t bytes, uint32_t before = 0);

/// Eight lower-case hexadecimal digits.
std::string crc32c_text(uint32_t value);

}  // namespace genesis::trainer
