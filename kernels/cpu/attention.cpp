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
#include "kernels/cpu/vector_math.h"

namespace genesis::kernels {
namespace {

using namespace cpu;

constexpr int64_t kFewQueries = 4;

template <class T>
struct ForwardBuffers {
  using Unit = typename TileUnit<T>::Unit;
  using Acc = accumulate_t<T>;
  Unit* keys;    // [key blocks, units(d), kKeyBlock]
  Unit* values;  // [units(padded keys), padded d]
  Unit* query;   // [kQueryBlock, units(d)]
  Acc* scores;   // [kQueryBlock, kKeyBlock]
  Unit* probs;   // [kQueryBlock, units(kKeyBlock)]; the scores themselves without pairs
  Acc* out;      // [kQueryBlock, padded d]
  Acc* highest;  // [kQueryBlock]
  Acc* total;    // [kQueryBlock]

  ForwardBuffers(ScratchCursor& cursor, int64_t max_keys, int64_t d) {
    const int64_t padded_keys = (max_keys + kKeyBlock - 1) / kKeyBlock * kKeyBlock, wide = padded_columns(d);
    keys = cursor.take<Unit>(units_of<T>(d) * padded_keys);
    values = cursor.take<Unit>(units_of<T>(padded_keys) * wide);
    query = cursor.take<Unit>(kQueryBlock * units_of<T>(d));
    scores = cursor.take<Acc>(kQueryBlock * kKeyBlock);
    probs = TileUnit<T>::kPair == 1 ? reinterpret_cast<Unit*>(scores)
                                    : cursor.take<Unit>(kQueryBlock * kKeyBlock / 2);
    out = cursor.take<Acc>(kQueryBlock * wide);
    highest = cursor.take<Acc>(kQueryBlock);
    total = cursor.take<Acc>(kQueryBlock);
  }
};

/// Scores of one row become e^(score - highest); returns their sum. The row's part of `out` is scaled to the
/// new highest score. Columns from `seen` to `width` become 0.
template <class A>
void softmax_row(A* row, int64_t seen, int64_t width, A scale, A& highest, A& total, A* out,
                 int64_t out_width) {
  A top = highest;
  for (int64_t c = 0; c < seen; ++c) {
    row[c] *= scale;
    top = std::max(top, row[c]);
  }
  A sum = 0;
#pragma omp simd reduction(+ : sum)
  for (int64_t c = 0; c < seen; ++c) {
    row[c] = vexp(row[c] - top);
    sum += row[c];
  }
  for (int64_t c = seen; c < width; ++c) row[c] = 0;
  if (top != highest) {
    const A shrink = vexp(highest - top);
    total *= shrink;
    for (int64_t c = 0; c < out_width; ++c) out[c] *= shrink;
    highest = top;
  }
  total += sum;
}

template <class T>
void query_block(const AttentionForward& op, const Sequence& s, int64_t head, int64_t first,
                 accumulate_t<T> scale, const ForwardBuffers<T>& b) {
  using A = accumulate_t<T>;
  const int64_t d = op.q.dim(2), units = units_of<T>(d), wide = padded_columns(d);
  const int64_t rows = std::min(kQueryBlock, s.q_length - first), q_row = s.q_begin + first;
  const HeadRows<T> q(op.q, head), out(op.out, head);
  pack_rows(q.row(q_row), q.stride, rows, d, b.query);
  std::fill(b.out, b.out + rows * wide, A(0));
  std::fill(b.highest, b.highest + rows, -std::numeric_limits<A>::infinity());
  std::fill(b.total, b.total + rows, A(0));

  const int64_t keys = s.visible(first + rows - 1);
  for (int64_t j = 0; j < keys; j += kKeyBlock) {
    const int64_t here = std::min(kKeyBlock, keys - j), width = padded_columns(here);
    tile_gemm<T, false>(rows, width, units, b.query, units, 1, b.keys + j * units, kKeyBlock, b.scores,
                        kKeyBlock);
    for (int64_t r = 0; r < rows; ++r) {
      const int64_t seen = std::clamp<int64_t>(s.visible(first + r) - j, 0, here);
      softmax_row(b.scores + r * kKeyBlock, seen, width, scale, b.highest[r], b.total[r], b.out + r * wide,
                  wide);
    }
    int64_t ld = kKeyBlock;
#ifdef GENESIS_BF16_PAIRS
    if constexpr (TileUnit<T>::kPair == 2) {
      ld = kKeyBlock / 2;
      pack_tile_rows(b.scores, kKeyBlock, rows, width, b.probs, ld);
    }
#endif
    tile_gemm<T, true>(rows, wide, units_of<T>(here), b.probs, ld, 1, b.values + units_of<T>(j) * wide, wide,
                       b.out, wide);
  }
  for (int64_t r = 0; r < rows; ++r) {
    const A inverse = A(1) / b.total[r];
    T* to = out.row(q_row + r);
    for (int64_t c = 0; c < d; ++c) to[c] = T(b.out[r * wide + c] * inverse);
    if (op.lse.defined())
      op.lse.data<A>()[head * op.q.dim(0) + q_row + r] = b.highest[r] + std::log(b.total[r]);
  }
}

template <class T>
void run_task(const AttentionForward& op, const AttentionTask& task, accumulate_t<T> scale,
              const ForwardBuffers<T>& b) {
  const Sequence& s = *task.sequence;
  const int64_t d = op.q.dim(2), group = op.q.dim(1) / op.k.dim(1);
  const int64_t queries = std::min(s.q_length, task.last * kQueryBlock), keys = s.visible(queries - 1);
  const HeadRows<T> k(op.k, task.kv_head), v(op.v, task.kv_head);
  for (int64_t j = 0; j < keys; j += kKeyBlock)
    pack_transposed(k.row(s.k_begin + j), k.stride, std::min(kKeyBlock, keys - j), d,
                    b.keys + j * units_of<T>(d), kKeyBlock);
  pack_interleaved(v.row(s.k_begin), v.stride, keys, d, b.values, padded_columns(d));
  for (int64_t h = 0; h < group; ++h)
    for (int64_t i = task.first; i < task.last; ++i)
      query_block<T>(op, s, task.kv_head * group + h, i * kQueryBlock, scale, b);
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
    A highest = -std::numeric_limits<A>::infinity(), total = 0;
    softmax_row<A>(row, s.visible(r % s.q_length), s.k_length, A(1), highest, total, nullptr, 0);
    if (op.lse.defined())
      op.lse.data<A>()[(kv_head * group + r / s.q_length) * op.q.dim(0) + s.q_begin + r % s.q_length] =
          highest + std::log(total);
    for (int64_t j = 0; j < s.k_length; ++j) row[j] /= total;
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
