#pragma once
#include <cstdint>
#include <vector>

#include "trainer/checkpoint/box.h"

namespace genesis::trainer {

/// Elements [begin, end) of a row-major array of one or two dimensions as boxes, in order: at most a part of
/// a row, whole rows, a part of a row.
std::vector<Box> flat_boxes(const Shape& shape, int64_t begin, int64_t end);

}  // namespace genesis::trainer
