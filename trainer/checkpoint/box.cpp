#include "trainer/checkpoint/box.h"

#include <algorithm>

namespace genesis::trainer {

Box whole_box(const Shape& shape) { return {Shape(shape.size(), 0), shape}; }

bool inside(const Box& box, const Shape& shape) {
  if (box.start.size() != shape.size() || box.extent.size() != shape.size()) return false;
  for (size_t d = 0; d < shape.size(); ++d)
    if (box.start[d] < 0 || box.extent[d] < 0 || box.start[d] > shape[d] ||
        box.extent[d] > shape[d] - box.start[d])
      return false;
  return true;
}

std::optional<Box> intersection(const Box& a, const Box& b) {
  Box both;
  for (size_t d = 0; d < a.start.size(); ++d) {
    const int64_t begin = std::max(a.start[d], b.start[d]);
    const int64_t end = std::min(a.start[d] + a.extent[d], b.start[d] + b.extent[d]);
    if (end <= begin) return std::nullopt;
    both.start.push_back(begin);
    both.extent.push_back(end - begin);
  }
  return both;
}

bool tiles(const std::vector<Box>& boxes, const Shape& shape) {
  int64_t covered = 0;
  for (const Box& box : boxes) {
    if (!inside(box, shape)) return false;
    covered += box.numel();
  }
  // Boxes inside the tensor that do not overlap and have as many elements as it leave no hole.
  if (covered != numel_of(shape)) return false;
  std::vector<const Box*> sorted;
  for (const Box& box : boxes)
    if (box.numel() > 0) sorted.push_back(&box);
  if (shape.empty()) return sorted.size() == 1;
  std::sort(sorted.begin(), sorted.end(), [](auto* a, auto* b) { return a->start[0] < b->start[0]; });
  for (size_t i = 0; i < sorted.size(); ++i)
    for (size_t j = i + 1;
         j < sorted.size() && sorted[j]->start[0] < sorted[i]->start[0] + sorted[i]->extent[0]; ++j)
      if (intersection(*sorted[i], *sorted[j])) return false;
  return true;
}

std::string box_text(const Box& box) { return to_string(box.start) + " + " + to_string(box.extent); }

}  // namespace genesis::trainer
