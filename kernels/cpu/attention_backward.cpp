// Backward attention. A task is one sequence and key/value head. With enough of them a thread makes all three
// gradients of its task in one pass; with too few, runs of key blocks make dk and dv, and runs of query
// blocks make dq, each computing its tiles of probabilities again. Either way a gradient is one thread's sum,
// over key blocks (dq) or over heads and query blocks (dk, dv) in ascending order: the thread count cannot
// change a bit.
#include <cmath>

#include "kernels/attention.h"
#include "kernels/core/parallel_for.h"
#include "kernels/cpu/attention_plan.h"
#include "kernels/cpu/softmax_tile.h"

namespace genesis::kernels {
namespace {

using namespace cpu;

/// The part of a (sequence, key/value head) that a task covers.
struct BackwardTask {
  const Sequence* sequence;
  int64_t kv_head;
  int64_t q_first, q_last;  // query blocks
  int64_t k_first, k_last;  // key blocks
  bool wants_q, wants_kv;
  int64_t cost;
};

template <class T>
struct BackwardBuffers {
  using Unit = typename TileUnit<T>::Unit;
  using Acc = accumulate_t<T>;
  Unit *keys_t, *values_t;                   // [key blocks, units(d), kKeyBlock]
  Unit* keys;                                // [units(keys), padded d], interleaved
  Unit *query_rows, *dout_rows;              // [queries, units(d)]
  Unit *query, *dout;                        // [units(queries), padded d], interleaved
  Acc *dq, *dk, *dv;                         // [queries or keys, padded d]
  Acc* delta;                                // [queries]
  Acc *scores, *dscores;                     // [kQueryBlock, kKeyBlock]
  Unit *probs_t, *dscores_t, *dscores_rows;  // the tiles in units

  BackwardBuffers(ScratchCursor& cursor, const BackwardTask& task, int64_t d) {
    const int64_t wide = padded_columns(d), units = units_of<T>(d);
    const int64_t queries = (task.q_last - task.q_first) * kQueryBlock,
                  keys_here = (task.k_last - task.k_first) * kKeyBlock;
    keys_t = cursor.take<Unit>(units * keys_here);
    values_t = cursor.take<Unit>(units * keys_here);
    keys = cursor.take<Unit>(units_of<T>(keys_here) * wide);
    query_rows = cursor.take<Unit>(queries * units);
    dout_rows = cursor.take<Unit>(queries * units);
    query = cursor.take<Unit>(units_of<T>(queries) * wide);
    dout = cursor.take<Unit>(units_of<T>(queries) * wide);
    dq = cursor.take<Acc>(queries * wide);
    dk = cursor.take<Acc>(keys_here * wide);
    dv = cursor.take<Acc>(keys_here * wide);
    delta = cursor.take<Acc>(queries);
    scores = cursor.take<Acc>(kQueryBlock * kKeyBlock);
    dscores = cursor.take<Acc>(kQueryBlock * kKeyBlock);
    if constexpr (TileUnit<T>::kPair == 1) {
      probs_t = scores, dscores_t = dscores_rows = dscores;
    } else {
      probs_t = cursor.take<Unit>(kQueryBlock / 2 * kKeyBlock);
      dscores_t = cursor.take<Unit>(kQueryBlock / 2 * kKeyBlock);
      dscores_rows = cursor.take<Unit>(kQueryBlock * kKeyBlock / 2);
    }
  }
};

template <class T>
class Backward {
 public:
  using A = accumulate_t<T>;
  using Unit = typename TileUnit<T>::Unit;
  static constexpr int kPair = TileUnit<T>::kPair;
  Backward(const AttentionBackward& op, const BackwardTask& task, A scale, const BackwardBuffers<T>& buffers)
      : op_(op),
        task_(task),
        s_(*task.sequence),
        scale_(scale),
        b_(buffers),
        d_(op.q.dim(2)),
        units_(units_of<T>(d_)),
        wide_(padded_columns(d_)),
        q0_(task.q_first * kQueryBlock),
        q1_(std::min(s_.q_length, task.q_last * kQueryBlock)),
        k0_(task.k_first * kKeyBlock),
        k1_(std::min(s_.k_length, task.k_last * kKeyBlock)) {}

  void run() {
    pack_keys();
    const int64_t group = op_.q.dim(1) / op_.k.dim(1);
    std::fill(b_.dk, b_.dk + (k1_ - k0_) * wide_, A(0));
    std::fill(b_.dv, b_.dv + (k1_ - k0_) * wide_, A(0));
    for (int64_t h = 0; h < group; ++h) {
      head_ = task_.kv_head * group + h;
      pack_queries();
      std::fill(b_.dq, b_.dq + (q1_ - q0_) * wide_, A(0));
      for (int64_t j = k0_; j < k1_; j += kKeyBlock)
        for (int64_t i = q0_; i < q1_; i += kQueryBlock)
          if (s_.visible(std::min(i + kQueryBlock, q1_) - 1) > j) tile(i, j);
      if (task_.wants_q) store(op_.dq, head_, s_.q_begin + q0_, q1_ - q0_, b_.dq);
    }
    if (task_.wants_kv) {
      store(op_.dk, task_.kv_head, s_.k_begin + k0_, k1_ - k0_, b_.dk);
      store(op_.dv, task_.kv_head, s_.k_begin + k0_, k1_ - k0_, b_.dv);
    }
  }

 private:
  void pack_keys() {
    const HeadRows<T> k(op_.k, task_.kv_head), v(op_.v, task_.kv_head);
    for (int64_t j = k0_; j < k1_; j += kKeyBlock) {
      const int64_t here = std::min(kKeyBlock, k1_ - j), row = s_.k_begin + j;
      pack_transposed(k.row(row), k.stride, here, d_, b_.keys_t + (j - k0_) * units_, kKeyBlock);
      pack_transposed(v.row(row), v.stride, here, d_, b_.values_t + (j - k0_) * units_, kKeyBlock);
    }
    pack_interleaved(k.row(s_.k_begin + k0_), k.stride, k1_ - k0_, d_, b_.keys, wide_);
  }

  void pack_queries() {
    const HeadRows<T> q(op_.q, head_), dout(op_.dout, head_), out(op_.out, head_);
    const int64_t row = s_.q_begin + q0_, count = q1_ - q0_;
    pack_rows(q.row(row), q.stride, count, d_, b_.query_rows);
    pack_rows(dout.row(row), dout.stride, count, d_, b_.dout_rows);
    pack_interleaved(q.row(row), q.stride, count, d_, b_.query, wide_);
    pack_interleaved(dout.row(row), dout.stride, count, d_, b_.dout, wide_);
    for (int64_t r = 0; r < count; ++r) {
      const T *x = dout.row(row + r), *y = out.row(row + r);
      A sum = 0;
#pragma omp simd reduction(+ : sum)
      for (int64_t c = 0; c < d_; ++c) sum += A(x[c]) * A(y[c]);
      b_.delta[r] = sum;
    }
  }

  /// Adds what queries i .. i+rows and keys j .. j+here give each other. A tile on the diagonal goes in
  /// strips: of queries no wider than they see, and of keys no longer than they are seen.
  void tile(int64_t i, int64_t j) {
    const int64_t rows = std::min(kQueryBlock, q1_ - i), here = std::min(kKeyBlock, k1_ - j);
    const bool full = s_.visible(i) >= j + here;
    const int64_t q_step = full ? rows : kCausalRows, k_step = full ? here : kCausalRows;
    for (int64_t r = 0; r < rows; r += q_step) query_strip(i, j, r, std::min(q_step, rows - r), here);
    if (!task_.wants_kv) return;
    if constexpr (kPair == 2) {
      pack_tile_interleaved<T>(b_.scores, kKeyBlock, rows, padded_columns(here), b_.probs_t, kKeyBlock);
      pack_tile_interleaved<T>(b_.dscores, kKeyBlock, rows, padded_columns(here), b_.dscores_t, kKeyBlock);
    }
    for (int64_t c = 0; c < here; c += k_step) {
      const int64_t first = std::max<int64_t>(0, j + c + 1 - s_.visible(i)) / kCausalRows * kCausalRows;
      if (first < rows) key_strip(i, j, c, std::min(k_step, here - c), first, rows);
    }
  }

  /// Probabilities p and score gradients ds of `count` queries from row r of the tile, and their dq.
  void query_strip(int64_t i, int64_t j, int64_t r, int64_t count, int64_t here) {
    const int64_t seen = std::clamp<int64_t>(s_.visible(i + r + count - 1) - j, 0, here),
                  width = padded_columns(seen);
    if (seen == 0) return;
    const int64_t qi = i - q0_ + r, kj = j - k0_;
    A *scores = b_.scores + r * kKeyBlock, *dscores = b_.dscores + r * kKeyBlock;
    tile_gemm<T, Left::rows, false>(count, width, units_, b_.query_rows + qi * units_, units_,
                                    b_.keys_t + kj * units_, kKeyBlock, scores, kKeyBlock);
    tile_gemm<T, Left::rows, false>(count, width, units_, b_.dout_rows + qi * units_, units_,
                                    b_.values_t + kj * units_, kKeyBlock, dscores, kKeyBlock);
    const A* lse = op_.lse.data<A>() + head_ * op_.q.dim(0) + s_.q_begin + i + r;
    for (int64_t n = 0; n < count; ++n) {
      const int64_t own = std::clamp<int64_t>(s_.visible(i + r + n) - j, 0, seen);
      A *p = scores + n * kKeyBlock, *ds = dscores + n * kKeyBlock;
      softmax_row_gradient(p, ds, width, scale_, lse[n], b_.delta[qi + n]);
      for (int64_t c = own; c < width; ++c) p[c] = ds[c] = 0;
    }
    if (!task_.wants_q) return;
    const Unit* left = b_.dscores_rows;
    if constexpr (kPair == 2) {
      pack_tile_rows<T>(dscores, kKeyBlock, count, width, b_.dscores_rows, kKeyBlock / 2);
    } else {
      left += r * kKeyBlock;
    }
    tile_gemm<T, Left::rows, true>(count, wide_, units_of<T>(seen), left, kKeyBlock / kPair,
                                   b_.keys + kj / kPair * wide_, wide_, b_.dq + qi * wide_, wide_);
  }

  /// dk and dv of `count` keys from column c of the tile, summed over its rows first .. rows.
  void key_strip(int64_t i, int64_t j, int64_t c, int64_t count, int64_t first, int64_t rows) {
    const int64_t summed = units_of<T>(rows - first), q_units = (i - q0_ + first) / kPair, kj = j - k0_ + c;
    const int64_t at = first / kPair * kKeyBlock + c;
    tile_gemm<T, Left::columns, true>(count, wide_, summed, b_.probs_t + at, kKeyBlock,
                                      b_.dout + q_units * wide_, wide_, b_.dv + kj * wide_, wide_);
    tile_gemm<T, Left::columns, true>(count, wide_, summed, b_.dscores_t + at, kKeyBlock,
                                      b_.query + q_units * wide_, wide_, b_.dk + kj * wide_, wide_);
  }

  void store(const Array& to, int64_t head, int64_t row, int64_t count, const A* from) const {
    const HeadRows<T> rows(to, head);
    for (int64_t r = 0; r < count; ++r)
      for (int64_t c = 0; c < d_; ++c) rows.row(row + r)[c] = T(from[r * wide_ + c]);
  }

  const AttentionBackward& op_;
  const BackwardTask& task_;
  const Sequence& s_;
  const A scale_;
  const BackwardBuffers<T>& b_;
  const int64_t d_, units_, wide_, q0_, q1_, k0_, k1_;
  int64_t head_ = 0;
};

int64_t tiles_of(const BackwardTask& t) {
  int64_t tiles = 0;
  for (int64_t i = t.q_first; i < t.q_last; ++i) {
    const int64_t seen = t.sequence->visible(std::min((i + 1) * kQueryBlock, t.sequence->q_length) - 1);
    tiles += std::clamp<int64_t>((seen + kKeyBlock - 1) / kKeyBlock - t.k_first, 0, t.k_last - t.k_first);
  }
  return tiles;
}

std::vector<BackwardTask> plan(const std::vector<Sequence>& sequences, int64_t kv_heads) {
  std::vector<BackwardTask> tasks;
  for (const Sequence& s : sequences) {
    if (s.k_length == 0) continue;
    const int64_t q_blocks = s.query_blocks(), k_blocks = s.key_blocks();
    const int64_t pieces = pieces_for(int64_t(sequences.size()) * kv_heads, k_blocks);
    for (int64_t head = 0; head < kv_heads; ++head) {
      if (pieces == 1) {
        tasks.push_back({&s, head, 0, q_blocks, 0, k_blocks, true, true, 0});
        continue;
      }
      for (int64_t p = 0; p < pieces; ++p) {
        const int64_t k_first = k_blocks * p / pieces, k_last = k_blocks * (p + 1) / pieces;
        const int64_t first_query = std::max<int64_t>(0, k_first * kKeyBlock - (s.k_length - s.q_length));
        tasks.push_back({&s, head, first_query / kQueryBlock, q_blocks, k_first, k_last, false, true, 0});
        const int64_t q_first = q_blocks * p / pieces, q_last = q_blocks * (p + 1) / pieces;
        if (q_first == q_last) continue;
        const int64_t seen = s.visible(std::min(q_last * kQueryBlock, s.q_length) - 1);
        tasks.push_back({&s, head, q_first, q_last, 0, (seen + kKeyBlock - 1) / kKeyBlock, true, false, 0});
      }
    }
  }
  for (BackwardTask& t : tasks) t.cost = tiles_of(t) * (t.wants_kv && t.wants_q ? 5 : t.wants_kv ? 4 : 3);
  std::stable_sort(tasks.begin(), tasks.end(), [](const auto& a, const auto& b) { return a.cost > b.cost; });
  return tasks;
}

template <class T>
void backward(const AttentionBackward& op) {
  using A = accumulate_t<T>;
  const auto sequences = read_sequences(op.kName, op.cu_q, op.k_begin, op.k_length, op.q.dim(0), op.k.dim(0));
  const int64_t d = op.q.dim(2);
  const A scale = A(op.scale != 0 ? op.scale : 1.0 / std::sqrt(double(d)));
  const auto tasks = plan(sequences, op.k.dim(1));
  int64_t bytes = 0;
  for (const BackwardTask& task : tasks) {
    ScratchCursor count(nullptr);
    BackwardBuffers<T>(count, task, d);
    bytes = std::max(bytes, count.used());
  }
  const int threads = attention_threads(tasks.size());
  const AttentionScratch space(threads, bytes);
#pragma omp parallel for schedule(dynamic, 1) num_threads(threads)
  for (size_t t = 0; t < tasks.size(); ++t) {
    ScratchCursor cursor(space.mine());
    const BackwardBuffers<T> buffers(cursor, tasks[t], d);
    Backward<T>(op, tasks[t], scale, buffers).run();
  }
}

}  // namespace

void run_cpu(const AttentionBackward& op) {
  dispatch_compute(op.q.dtype(), [&](auto tag) { backward<decltype(tag)>(op); });
}

}  // namespace genesis::kernels
