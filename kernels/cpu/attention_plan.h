#pragma once
#include <vector>

#include "kernels/core/array.h"
#include "kernels/core/memory.h"
#include "kernels/cpu/tile_gemm.h"

namespace genesis::kernels::cpu {

inline constexpr int64_t kQueryBlock = 64;
inline constexpr int64_t kKeyBlock = 64;
inline constexpr int64_t kCausalRows = kTileColumns;  ///< strips of a tile that the diagonal crosses

/// One sequence of a varlen batch.
struct Sequence {
  int64_t q_begin = 0, q_length = 0, k_begin = 0, k_length = 0;
  /// Keys that query i sees: 0 .. visible(i) - 1.
  int64_t visible(int64_t i) const { return k_length - q_length + i + 1; }
  int64_t query_blocks() const { return (q_length + kQueryBlock - 1) / kQueryBlock; }
  int64_t key_blocks() const { return (k_length + kKeyBlock - 1) / kKeyBlock; }
};

/// Reads and checks the lengths. Errors: genesis::Error naming operation and sequence.
std::vector<Sequence> read_sequences(const char* op, const Array& cu_q, const Array& k_begin,
                                     const Array& k_length, int64_t q_rows, int64_t k_rows);

/// A piece of work of one thread: blocks [first, last) of one sequence and key/value head.
struct AttentionTask {
  const Sequence* sequence;
  int64_t kv_head;
  int64_t first, last;
  int64_t cost;  // tiles
};

/// Dearest first, so that the threads end together.
void sort_by_cost(std::vector<AttentionTask>& tasks);

/// Pieces that `blocks` are cut into so that `heads` units of work keep every thread busy to the end.
int64_t pieces_for(int64_t units, int64_t blocks);

/// Scratch of every thread, one allocation made before the threads start (an error inside them could not be
/// thrown).
class AttentionScratch {
 public:
  AttentionScratch(int threads, int64_t bytes_per_thread);
  /// The calling thread's part, 64-byte aligned.
  char* mine() const;

 private:
  Array bytes_;  // u8 [threads, bytes_per_thread]
};

/// Hands out consecutive 64-byte aligned buffers; with a null base it only counts.
class ScratchCursor {
 public:
  explicit ScratchCursor(char* base) : base_(base) {}
  template <class U>
  U* take(int64_t count) {
    U* p = base_ ? reinterpret_cast<U*>(base_ + used_) : nullptr;
    used_ += (count * int64_t(sizeof(U)) + 63) / 64 * 64;
    return p;
  }
  int64_t used() const { return used_; }

 private:
  char* base_;
  int64_t used_ = 0;
};

/// One head of a [rows, heads, d] array: row r at data + r * stride.
template <class T>
struct HeadRows {
  T* data;
  int64_t stride;
  HeadRows(const Array& x, int64_t head) : data(x.data<T>() + head * x.dim(2)), stride(x.strides()[0]) {}
  T* row(int64_t r) const { return data + r * stride; }
};

/// Threads that share `tasks` pieces of work.
int attention_threads(size_t tasks);

}  // namespace genesis::kernels::cpu
