#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "autograd/tensor.h"

namespace genesis::parallel {

/// A box of a global tensor and where this rank keeps it.
///   global element start + i  is  local element local + i,  for 0 <= i < extent in every dimension
struct ShardPiece {
  Shape start;   ///< in the global tensor
  Shape extent;  ///< of the box
  Shape local;   ///< in this rank's array
  /// Exactly one rank of the tp group owns each element: it counts it in norms and saves it. A replica that
  /// is not owned has the same bits.
  bool owned = true;

  bool operator==(const ShardPiece&) const = default;
};

/// Which part of a global logical tensor this rank of a tensor-parallel group holds.
///   Pieces are disjoint and tile the local array; the owned pieces of all ranks tile the global tensor.
///   Tensors have one or two dimensions.
struct Shard {
  Shape global;                    ///< shape of the whole tensor
  Shape local;                     ///< shape of this rank's array
  std::vector<ShardPiece> pieces;  ///< in the order of `local`'s first dimension

  bool is_whole() const { return global == local && pieces.size() == 1; }
  /// Whether the local array holds an element that another rank owns.
  bool has_replicas() const;
  bool operator==(const Shard&) const = default;

  /// The whole tensor on every rank; tp rank 0 owns it.
  static Shard whole(Shape shape, int rank = 0);
  /// Columns [n rank / size, n (rank + 1) / size) of a matrix.
  static Shard columns(Shape shape, int rank, int size);
};

/// Part of `extent` that rank `rank` of `size` holds when they share it out: [begin, end). Sizes differ by at
/// most one.
struct Range {
  int64_t begin = 0, end = 0;
  int64_t size() const { return end - begin; }
  bool operator==(const Range&) const = default;
};
Range share_of(int64_t extent, int rank, int size);

/// How the rows of one matrix, stacked of several (q | k | v, gate | up), are shared out over tp ranks.
struct RowBlock {
  int64_t rows = 0;   ///< of the whole block
  int64_t units = 0;  ///< the block is shared out in whole units of rows / units rows (heads); 0: single rows
};
/// Rows of stacked blocks: every block is shared out by itself, and this rank's parts are stacked again.
///   A block of fewer units than ranks (which it must divide) is replicated: unit u is held by the
///   size / units neighbours from rank u size / units on, the first of which owns it.
/// `shape`: of the global matrix, or of the vector that goes with its rows (a bias).
Shard stacked_rows(const std::vector<RowBlock>& blocks, Shape shape, int rank, int size);

/// Tells a parameter which part it is. Errors: genesis::Error when the shard's local shape is not the
/// parameter's.
void set_shard(const Tensor& parameter, Shard shard);
/// What set_shard told, or all of it: Shard::whole(its shape).
Shard shard_of(const Tensor& parameter);

/// Elements [begin, end) of the parameter's local array, in row-major order, that this rank owns. Everything
/// for a parameter that was told nothing.
std::vector<Range> owned_elements(const Tensor& parameter);

}  // namespace genesis::parallel
