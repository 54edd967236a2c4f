#pragma once
#include <cstdint>
#include <string>
#include <vector>

namespace genesis {

using Shape = std::vector<int64_t>;

/// Product of the extents; 1 for a scalar (empty shape).
int64_t numel_of(const Shape& shape);

/// Row-major strides, in elements.
Shape contiguous_strides(const Shape& shape);

/// "[2, 3]"
std::string to_string(const Shape& shape);

}  // namespace genesis
