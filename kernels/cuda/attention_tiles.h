#pragma once
#include "kernels/core/array.h"

namespace genesis::kernels::cuda {

/// Rows [first, first + size) of one sequence: the work of one thread block. Sequence -1: none, where a
/// launch's size must not follow the lengths.
struct AttentionTile {
  int32_t sequence, first;
};

/// What the kernels read of a batch's lengths, on the card. Made on the host, where the lengths come from,
/// and kept beside cu_q: all layers and both directions of a step share one. Where a sequence attends itself
/// the tiles are as many as so many rows and sequences can have (the rest empty), and they are made anew
/// where they lie when cu_q was written to: work that was recorded stays right.
struct AttentionBatch {
  Array cu_q, k_begin, k_length;  // i32 on the card
  Array query_tiles, key_tiles;   // i32 [tiles, 2] on the card; dearest first
};

/// Errors: genesis::Error naming operation and sequence when lengths do not fit (as on the CPU).
AttentionBatch attention_batch(const char* op, const Array& cu_q, const Array& k_begin, const Array& k_length,
                               int64_t q_rows, int64_t k_rows, int64_t query_tile, int64_t key_tile);

}  // namespace genesis::kernels::cuda
