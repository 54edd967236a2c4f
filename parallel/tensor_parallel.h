#pragma once
#include "parallel/communicator.h"

namespace genesis::parallel {

/// This rank's place among those that share one copy of the model. {0, 1}: the model is not split.
struct TensorSplit {
  int rank = 0;
  int size = 1;
};

/// How much of the exchange of rows between ranks hides under products (parallel/row_chunks.h).
struct RowOverlap {
  /// 0: nothing, products wait for every exchange. 1: in backward, the input's exchanges hide under the
  /// product of the weight's gradient. n: also, every exchange goes in n chunks of rows, each beside the
  /// product of another chunk.
  int chunks = 1;
  int64_t chunk_rows = 1;  ///< fewer chunks where one would have fewer rows
};

/// How a model is split, as its layers are told. The default is not at all: every layer is then plain, and
/// no layer needs to ask.
struct TensorParallel {
  Communicator* group = nullptr;  ///< outlives the model; null or of size 1: not split
  /// Between the projections each rank keeps its own rows (tokens) of the residual stream and norms instead
  /// of all of them.
  bool sequence = false;
  RowOverlap overlap;

  TensorSplit split() const { return group ? TensorSplit{group->rank(), group->size()} : TensorSplit{}; }
  int size() const { return group ? group->size() : 1; }
  int rank() const { return group ? group->rank() : 0; }
  bool is_split() const { return size() > 1; }
  bool splits_rows() const { return sequence && is_split(); }
  /// The ranks over which gradients of what acts on rows (norm weights) must be summed; null when each rank
  /// sees all rows.
  Communicator* row_group() const { return splits_rows() ? group : nullptr; }
};

}  // namespace genesis::parallel
