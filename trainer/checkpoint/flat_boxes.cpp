#include "trainer/checkpoint/flat_boxes.h"

#include <algorithm>

#include "kernels/core/check.h"

namespace genesis::trainer {

std::vector<Box> flat_boxes(const Shape& shape, int64_t begin, int64_t end) {
  GENESIS_CHECK(shape.size() == 1 || shape.size() == 2, "a parameter of shape ", to_string(shape));
  if (end <= begin) return {};
  if (shape.size() == 1) return {{{begin}, {end - begin}}};
  const int64_t columns = shape[1];
  std::vector<Box> boxes;
  while (begin < end) {
    const int64_t row = begin / columns, column = begin % columns;
    if (column == 0 && end - begin >= columns) {
      const int64_t rows = (end - begin) / columns;
      boxes.push_back({{row, 0}, {rows, columns}});
      begin += rows * columns;
    } else {
      const int64_t count = std::min(columns - column, end - begin);
      boxes.push_back({{row, column}, {1, count}});
      begin += count;
    }
  }
  return boxes;
}

}  // namespace genesis::trainer
