#include "parallel/shard.h"

#include <algorithm>

#include "autograd/node.h"

namespace genesis::parallel {

Range share_of(int64_t extent, int rank, int size) {
  return {extent * rank / size, extent * (rank + 1) / size};
}

bool Shard::has_replicas() const {
  return std::any_of(pieces.begin(), pieces.end(), [](const ShardPiece& p) { return !p.owned; });
}

Shard Shard::whole(Shape shape, int rank) {
  const Shape origin(shape.size(), 0);
  return {shape, shape, {{origin, shape, origin, rank == 0}}};
}

Shard Shard::columns(Shape shape, int rank, int size) {
  GENESIS_CHECK(shape.size() == 2, "columns of a tensor of shape ", to_string(shape));
  if (size == 1) return whole(std::move(shape), rank);
  const Range range = share_of(shape[1], rank, size);
  const Shape local{shape[0], range.size()};
  return {shape, local, {{{0, range.begin}, local, {0, 0}, true}}};
}

namespace {

struct RowPart {
  Range rows;  // of the block
  bool owned;
};

RowPart part_of_block(const RowBlock& block, int rank, int size) {
  if (block.units == 0) return {share_of(block.rows, rank, size), true};
  GENESIS_CHECK(block.rows % block.units == 0, "a block of ", block.rows, " rows in ", block.units, " units");
  const int64_t unit = block.rows / block.units;
  if (block.units >= size) {
    const Range units = share_of(block.units, rank, size);
    return {{units.begin * unit, units.end * unit}, true};
  }
  GENESIS_CHECK(size % block.units == 0, block.units, " heads on ", size,
                " ranks: neither divides the other");
  const int64_t replicas = size / block.units, held = rank / replicas;
  return {{held * unit, (held + 1) * unit}, rank % replicas == 0};
}

}  // namespace

Shard stacked_rows(const std::vector<RowBlock>& blocks, Shape shape, int rank, int size) {
  if (size == 1) return Shard::whole(std::move(shape), rank);
  Shard shard{shape, shape, {}};
  int64_t global_row = 0, local_row = 0;
  for (const RowBlock& block : blocks) {
    const RowPart part = part_of_block(block, rank, size);
    ShardPiece piece{Shape(shape.size(), 0), shape, Shape(shape.size(), 0), part.owned};
    piece.start[0] = global_row + part.rows.begin;
    piece.extent[0] = part.rows.size();
    piece.local[0] = local_row;
    if (part.rows.size() > 0) shard.pieces.push_back(std::move(piece));
    global_row += block.rows;
    local_row += part.rows.size();
  }
  GENESIS_CHECK(global_row == shape[0], "blocks of ", global_row, " rows in all in a tensor of shape ",
                to_string(shape));
  shard.local[0] = local_row;
  return shard;
}

void set_shard(const Tensor& parameter, Shard shard) {
  GENESIS_CHECK(parameter.shape() == shard.local, "a parameter of shape ", to_string(parameter.shape()),
                " cannot be the part of shape ", to_string(shard.local));
  parameter.impl()->annotation = std::make_shared<const Shard>(std::move(shard));
}

Shard shard_of(const Tensor& parameter) {
  const auto& note = parameter.impl()->annotation;
  return note ? *static_cast<const Shard*>(note.get()) : Shard::whole(parameter.shape());
}

std::vector<Range> owned_elements(const Tensor& parameter) {
  std::vector<Range> ranges;
  const Shard shard = shard_of(parameter);
  const int64_t row = shard.local.empty() || shard.local[0] == 0 ? 1 : numel_of(shard.local) / shard.local[0];
  for (const ShardPiece& piece : shard.pieces) {
    if (!piece.owned) continue;
    const Range range = shard.local.empty()
                            ? Range{0, 1}
                            : Range{piece.local[0] * row, (piece.local[0] + piece.extent[0]) * row};
    if (!ranges.empty() && ranges.back().end == range.begin) {
      ranges.back().end = range.end;
    } else {
      ranges.push_back(range);
    }
  }
  return ranges;
}

}  // namespace genesis::parallel
