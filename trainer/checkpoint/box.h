#pragma once
#include <cstdint>
#include <optional>
#include <vector>

#include "kernels/core/shape.h"

namespace genesis::trainer {

/// A rectangular part of a tensor: elements start[d] <= index[d] < start[d] + extent[d].
struct Box {
  Shape start, extent;

  bool operator==(const Box&) const = default;
  int64_t numel() const { return numel_of(extent); }
};

/// All of a tensor.
Box whole_box(const Shape& shape);
bool inside(const Box& box, const Shape& shape);
/// The elements two boxes share; nothing when there are none.
std::optional<Box> intersection(const Box& a, const Box& b);
/// Whether the boxes cover every element of `shape` exactly once. A tensor without elements needs none.
bool tiles(const std::vector<Box>& boxes, const Shape& shape);
/// "[0, 0] + [2, 3]"
std::string box_text(const Box& box);

}  // namespace genesis::trainer
