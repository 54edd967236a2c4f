// Forward attention. A thread takes one sequence, one key/value head and a run of query blocks: it packs the
// keys and values those blocks see once (they stay in its cache), then walks each query block over the key
// blocks with the softmax kept online. A sequence with a few queries (a decode step) reads keys and values in
// place instead. Every query is computed alone, in an order given by its sequence: the thread count cannot
// change a bit.
#include "kernels/attention.h"

#include <cmath>
#include <limits>

#include "kernels/core/parallel_for.h"
#include "kernels/cpu/attention_plan.h"
#include "kernels/cpu/softmax_tile.h"
#include "kernels/cpu/vector_math.h"

namespace genesis::kernels {
namespace {

using namespace cpu;

constexpr int64_t kFewQueries = 4;

/// Tiles of scores lie [keys, queries]: a vector holds one key's scores with neighbouring queries, so that
/// maxima and sums over keys need no step across a vector.
template <class T>
struct ForwardBuffers {
  using Unit = typename TileUnit<T>::Unit;
  using Acc = accumulate_t<T>;
  Unit* keys;     // [keys, units(d)]
  Unit* values;   // [units(padded keys), padded d]
  Unit* query_t;  // [units(d), kQueryBlock]
  Acc* scores;    // [kKeyBlock, kQueryBlock]
  Unit* probs;    // [units(kKeyBlock), kQueryBlock]; the scores themselves without pairs
  Acc* out;       // [kQueryBlock, padded d]
  Acc* highest;   // [kQueryBlock]
  Acc* total;     // [kQueryBlock]
  Acc* shrink;    // [kQueryBlock]

  ForwardBuffers(ScratchCursor& cursor, int64_t max_keys, int64_t d) {
    const int64_t wide = padded_columns(d), units = units_of<T>(d);
    keys = cursor.take<Unit>(max_keys * units);
    values = cursor.take<Unit>(units_of<T>(max_keys) * wide);
    query_t = cursor.take<Unit>(units * kQueryBlock);
    scores = cursor.take<Acc>(kKeyBlock * kQueryBlock);
    probs = TileUnit<T>::kPair == 1 ? reinterpret_cast<Unit*>(scores)
                                    : cursor.take<Unit>(kKeyBlock / 2 * kQueryBlock);
    out = cursor.take<Acc>(kQueryBlock * wide);
    highest = cursor.take<Acc>(kQueryBlock);
    total = cursor.take<Acc>(kQueryBlock);
    shrink = cursor.take<Acc>(kQueryBlock);
  }
};

/// Queries first .. first+rows of one head against all keys they see.
template <class T>
class QueryBlock {
 public:
  using A = accumulate_t<T>;
  static constexpr int kPair = TileUnit<T>::kPair;

  QueryBlock(const AttentionForward& op, const Sequence& s, int64_t head, int64_t first, A scale,
             const ForwardBuffers<T>& b)
      : op_(op),
        s_(s),
        head_(head),
        first_(first),
        scale_(scale),
        b_(b),
        d_(op.q.dim(2)),
        units_(units_of<T>(d_)),
        wide_(padded_columns(d_)),
        rows_(std::min(kQueryBlock, s.q_length - first)),
        columns_(padded_columns(rows_)) {}

  void run() {
    const HeadRows<T> q(op_.q, head_);
    pack_transposed(q.row(s_.q_begin + first_), q.stride, rows_, d_, b_.query_t, kQueryBlock);
    std::fill(b_.out, b_.out + rows_ * wide_, A(0));
    std::fill(b_.highest, b_.highest + kQueryBlock, -std::numeric_limits<A>::infinity());
    std::fill(b_.total, b_.total + kQueryBlock, A(0));
    const int64_t keys = s_.visible(first_ + rows_ - 1);
    for (int64_t j = 0; j < keys; j += kKeyBlock) tile(j, std::min(kKeyBlock, keys - j));
    store();
  }

 private:
  /// Keys j .. j+here. On the diagonal the tile goes in strips: of keys with the queries that see them, and
  /// of queries with the keys they see.
  void tile(int64_t j, int64_t here) {
    const bool full = s_.visible(first_) >= j + here;
    const int64_t key_step = full ? here : kCausalRows, query_step = full ? rows_ : kCausalRows;
    for (int64_t m = 0; m < here; m += key_step) {
      const int64_t from = full ? 0 : first_column(j + m) / kCausalRows * kCausalRows,
                    count = std::min(key_step, here - m);
      tile_gemm<T, Left::rows, false>(count, columns_ - from, units_, b_.keys + (j + m) * units_, units_,
                                      b_.query_t + from, kQueryBlock, b_.scores + m * kQueryBlock + from,
                                      kQueryBlock);
      for (int64_t n = m; !full && n < m + count; ++n)
        std::fill(b_.scores + n * kQueryBlock + from,
                  b_.scores + n * kQueryBlock + std::max(from, first_column(j + n)),
                  -std::numeric_limits<A>::infinity());
    }
    for (int64_t c = 0; c < columns_; c += Lanes<A>::kCount) {
      const int64_t seen = full ? here : seen_by(c / kCausalRows * kCausalRows, j, here);
      softmax_columns(b_.scores + c, kQueryBlock, seen, scale_, b_.highest + c, b_.total + c, b_.shrink + c);
      if (seen % kPair) Lanes<A>::store(b_.scores + seen * kQueryBlock + c, typename Lanes<A>::Vector{});
    }
    for (int64_t r = 0; r < rows_; ++r) {
      if (b_.shrink[r] == 1) continue;
      for (int64_t c = 0; c < wide_; ++c) b_.out[r * wide_ + c] *= b_.shrink[r];
    }
    if constexpr (kPair == 2)
      pack_tile_interleaved<T>(b_.scores, kQueryBlock, here, columns_, b_.probs, kQueryBlock);
    for (int64_t r = 0; r < rows_; r += query_step) {
      const int64_t seen = full ? here : seen_by(r, j, here);
      tile_gemm<T, Left::columns, true>(std::min(query_step, rows_ - r), wide_, units_of<T>(seen),
                                        b_.probs + r, kQueryBlock, b_.values + units_of<T>(j) * wide_, wide_,
                                        b_.out + r * wide_, wide_);
    }
  }

  /// The first query of the block that sees a key.
  int64_t first_column(int64_t key) const {
    return std::clamp<int64_t>(key + 1 - s_.visible(first_), 0, columns_);
  }

  /// Keys of the tile that any query of the strip from row r sees.
  int64_t seen_by(int64_t r, int64_t j, int64_t here) const {
    const int64_t last = std::min(r + kCausalRows, rows_) - 1;
    return std::clamp<int64_t>(s_.visible(first_ + last) - j, 0, here);
  }

  void store() const {
    const HeadRows<T> out(op_.out, head_);
    const int64_t row = s_.q_begin + first_;
    for (int64_t r = 0; r < rows_; ++r) {
      const A inverse = A(1) / b_.total[r];
      T* to = out.row(row + r);
      for (int64_t c = 0; c < d_; ++c) to[c] = T(b_.out[r * wide_ + c] * inverse);
    }
    if (!op_.lse.defined()) return;
    A* lse = op_.lse.data<A>() + head_ * op_.q.dim(0) + row;
    for (int64_t r = 0; r < rows_; ++r) lse[r] = b_.highest[r] + std::log(b_.total[r]);
  }

  const AttentionForward& op_;
  const Sequence& s_;
  const int64_t head_, first_;
  const A scale_;
  const ForwardBuffers<T>& b_;
  const int64_t d_, units_, wide_, rows_, columns_;
};

template <class T>
void run_task(const AttentionForward& op, const AttentionTask& task, accumulate_t<T> scale,
              const ForwardBuffers<T>& b) {
  const Sequence& s = *task.sequence;
  const int64_t d = op.q.dim(2), group = op.q.dim(1) / op.k.dim(1);
  const int64_t queries = std::min(s.q_length, task.last * kQueryBlock), keys = s.visible(queries - 1);
  const HeadRows<T> k(op.k, task.kv_head), v(op.v, task.kv_head);
  pack_rows(k.row(s.k_begin), k.stride, keys, d, b.keys);
  pack_interleaved(v.row(s.k_begin), v.stride, keys, d, b.values, padded_columns(d));
  for (int64_t h = 0; h < group; ++h)
    for (int64_t i = task.first; i < task.last; ++i)
      QueryBlock<T>(op, s, task.kv_head * group + h, i * kQueryBlock, scale, b).run();
}

/// A decode step: the rows of one key/value head's queries against keys and values where they lie.
///   Buffers: queries [rows, d], scores [rows, k_length], sums [rows, d]; rows = group * q_length.
template <class T>
void run_few(const AttentionForward& op, const Sequence& s, int64_t kv_head, accumulate_t<T> scale,
             char* scratch) {
  using A = accumulate_t<T>;
  const int64_t d = op.q.dim(2), group = op.q.dim(1) / op.k.dim(1), rows = group * s.q_length;
  ScratchCursor cursor(scratch);
  A* queries = cursor.take<A>(rows * d);
  A* scores = cursor.take<A>(rows * s.k_length);
  A* sums = cursor.take<A>(rows * d);
  for (int64_t r = 0; r < rows; ++r) {
    const T* from = HeadRows<T>(op.q, kv_head * group + r / s.q_length).row(s.q_begin + r % s.q_length);
    for (int64_t c = 0; c < d; ++c) queries[r * d + c] = A(from[c]) * scale, sums[r * d + c] = 0;
  }
  const HeadRows<T> k(op.k, kv_head), v(op.v, kv_head);
  for (int64_t j = 0; j < s.k_length; ++j) {
    const T* key = k.row(s.k_begin + j);
    for (int64_t r = 0; r < rows; ++r) {
      A dot = 0;
      const A* query = queries + r * d;
#pragma omp simd reduction(+ : dot)
      for (int64_t c = 0; c < d; ++c) dot += query[c] * A(key[c]);
      scores[r * s.k_length + j] = dot;
    }
  }
  for (int64_t r = 0; r < rows; ++r) {
    A* row = scores + r * s.k_length;
    const int64_t seen = s.visible(r % s.q_length);
    A highest = -std::numeric_limits<A>::infinity(), total = 0;
    for (int64_t j = 0; j < seen; ++j) highest = std::max(highest, row[j]);
#pragma omp simd reduction(+ : total)
    for (int64_t j = 0; j < seen; ++j) {
      row[j] = vexp(row[j] - highest);
      total += row[j];
    }
    if (op.lse.defined())
      op.lse.data<A>()[(kv_head * group + r / s.q_length) * op.q.dim(0) + s.q_begin + r % s.q_length] =
          highest + std::log(total);
    for (int64_t j = 0; j < seen; ++j) row[j] /= total;
    std::fill(row + seen, row + s.k_length, A(0));
  }
  for (int64_t j = 0; j < s.k_length; ++j) {
    const T* value = v.row(s.k_begin + j);
    for (int64_t r = 0; r < rows; ++r) {
      const A p = scores[r * s.k_length + j];
#pragma omp simd
      for (int64_t c = 0; c < d; ++c) sums[r * d + c] += p * A(value[c]);
    }
  }
  for (int64_t r = 0; r < rows; ++r) {
    T* to = HeadRows<T>(op.out, kv_head * group + r / s.q_length).row(s.q_begin + r % s.q_length);
    for (int64_t c = 0; c < d; ++c) to[c] = T(sums[r * d + c]);
  }
}

template <class T>
void forward(const AttentionForward& op) {
  using A = accumulate_t<T>;
  const auto sequences = read_sequences(op.kName, op.cu_q, op.k_begin, op.k_length, op.q.dim(0), op.k.dim(0));
  const int64_t d = op.q.dim(2), kv_heads = op.k.dim(1), group = op.q.dim(1) / kv_heads;
  const A scale = A(op.scale != 0 ? op.scale : 1.0 / std::sqrt(double(d)));
  std::vector<AttentionTask> tasks;
  int64_t scratch = 0, long_sequences = 0;
  for (const Sequence& s : sequences) long_sequences += s.q_length > kFewQueries;
  for (const Sequence& s : sequences) {
    if (s.q_length == 0) continue;
    ScratchCursor count(nullptr);
    if (s.q_length <= kFewQueries) {
      count.take<A>(group * s.q_length * d), count.take<A>(group * s.q_length * s.k_length);
      count.take<A>(group * s.q_length * d);
    } else {
      ForwardBuffers<T>(count, s.k_length, d);
    }
    scratch = std::max(scratch, count.used());
    const int64_t blocks = s.query_blocks(), pieces = pieces_for(long_sequences * kv_heads, blocks);
    for (int64_t head = 0; head < kv_heads; ++head)
      for (int64_t p = 0; p < pieces; ++p) {
        AttentionTask task{&s, head, blocks * p / pieces, blocks * (p + 1) / pieces, 0};
        for (int64_t i = task.first; i < task.last; ++i)
          task.cost += s.visible(i * kQueryBlock) / kKeyBlock + 1;
        tasks.push_back(task);
      }
  }
  sort_by_cost(tasks);
  const int threads = attention_threads(tasks.size());
  const AttentionScratch space(threads, scratch);
#pragma omp parallel for schedule(dynamic, 1) num_threads(threads)
  for (size_t t = 0; t < tasks.size(); ++t) {
    if (tasks[t].sequence->q_length <= kFewQueries) {
      run_few<T>(op, *tasks[t].sequence, tasks[t].kv_head, scale, space.mine());
    } else {
      ScratchCursor cursor(space.mine());
      run_task<T>(op, tasks[t], scale, ForwardBuffers<T>(cursor, tasks[t].sequence->k_length, d));
    }
  }
}

}  // namespace

void run_cpu(const AttentionForward& op) {
  dispatch_compute(op.q.dtype(), [&](auto tag) { forward<decltype(tag)>(op); });
}

}  // namespace genesis::kernels
