#pragma once
// Forward: a thread moves 8 elements of a row: 16-byte accesses, 2 s bytes per element.
// Backward: ids are sorted (stably, on the host, where they come from) into groups of equal ids; a block adds
// one group's rows in the order of n for 256 x 8 columns, so every element of dweight has one writer and
// there are no atomics. s bytes per element of dy, 8 per element of a touched row of dweight. Share of peak:
// not measured.
#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "kernels/core/transfer.h"
#include "kernels/cuda/device.cuh"
#include "kernels/embedding_part.h"

namespace genesis::kernels::cuda {

/// Rows [first, first + here) of the table; zeros for ids of other rows.
template <class W, class T>
__global__ void look_up(const int32_t* ids, const W* weight, int64_t first, int64_t here, T* y, int64_t rows,
                        int64_t width, bool aligned) {
  const int64_t chunks = (width + kVector - 1) / kVector;
  for (int64_t t = int64_t(blockIdx.x) * blockDim.x + threadIdx.x; t < rows * chunks;
       t += int64_t(gridDim.x) * blockDim.x) {
    const int64_t n = t / chunks, h = t % chunks * kVector, row = ids[n] - first;
    float v[kVector] = {};
    if (row >= 0 && row < here) load(weight + row * width, h, width, aligned, v);
    store(y + n * width, h, width, aligned, v);
  }
}

template <class T, class D>
__global__ void bring_together(const T* dy, const int32_t* ids, const int32_t* order, const int32_t* starts,
                               int64_t first, D* dweight, int64_t width, bool aligned) {
  const int64_t h = (int64_t(blockIdx.y) * blockDim.x + threadIdx.x) * kVector;
  if (h >= width) return;
  const int32_t begin = starts[blockIdx.x], end = starts[blockIdx.x + 1];
  D* to = dweight + (ids[order[begin]] - first) * width;
  float sum[kVector];
  load(to, h, width, aligned, sum);
  for (int32_t i = begin; i < end; ++i) {
    float v[kVector];
    load(dy + int64_t(order[i]) * width, h, width, aligned, v);
#pragma unroll
    for (int j = 0; j < kVector; ++j) sum[j] += v[j];
  }
  store(to, h, width, aligned, sum);
}

/// Places of the ids in [first, end) sorted by id, and where each id's group starts (one more entry than
/// groups).
struct IdGroups {
  Array order;   // i32 [ids in the part]
  Array starts;  // i32 [groups + 1]
};

inline IdGroups group_ids(const Array& ids, int64_t first, int64_t end) {
  const int32_t* id = ids.data<int32_t>();
  std::vector<int32_t> order, starts;
  for (int64_t n = 0; n < ids.numel(); ++n)
    if (id[n] >= first && id[n] < end) order.push_back(int32_t(n));
  std::stable_sort(order.begin(), order.end(), [&](int32_t a, int32_t b) { return id[a] < id[b]; });
  for (size_t i = 0; i < order.size(); ++i)
    if (i == 0 || id[order[i]] != id[order[i - 1]]) starts.push_back(int32_t(i));
  starts.push_back(int32_t(order.size()));
  return {Array::from(order, {int64_t(order.size())}), Array::from(starts, {int64_t(starts.size())})};
}

/// Kept beside the ids: every micro-batch of a step, and a checkpoint's second run, share one sort.
inline IdGroups groups_of(const Array& ids, int64_t first, int64_t end) {
  const Array host = on_device(ids, Device::cpu);
  if (host.storage_offset() != 0 || host.nbytes() != host.storage().bytes())
    return group_ids(host, first, end);
  const std::string key = "groups." + std::to_string(first) + "." + std::to_string(end);
  return *host.storage().derived<IdGroups>(
      key, [&] { return std::make_shared<IdGroups>(group_ids(host, first, end)); });
}

inline void check_ids(const char* op, const Array& ids, int64_t rows) {
  if (ids.device() != Device::cpu) return;  // ids that exist on a card only are trusted
  const int32_t* id = ids.data<int32_t>();
  for (int64_t n = 0; n < ids.numel(); ++n)
    GENESIS_CHECK(id[n] >= 0 && id[n] < rows, op, ": ids[", n, "] = ", id[n], " is outside [0, ", rows, ")");
}

/// The operation on a part of a table, under the name `op`; a whole table is the part that begins at 0.
inline void look_up_rows(const char* op, const EmbeddingPartForward& o) {
  check_ids(op, o.ids, o.total);
  if (o.y.numel() == 0) return;
  const Array ids = card_copy(o.ids);
  const int64_t rows = ids.numel(), width = o.weight.dim(1);
  const bool aligned = is_aligned(o.weight) && is_aligned(o.y) && width % kVector == 0;
  dispatch_device(o.weight.dtype(), [&](auto w) {
    dispatch_device(o.y.dtype(), [&](auto t) {
      using W = decltype(w);
      using T = decltype(t);
      launch(op, grid_for(rows * ((width + kVector - 1) / kVector)), look_up<W, T>, pointer<int32_t>(ids),
             pointer<W>(o.weight), o.first, o.weight.dim(0), pointer<T>(o.y), rows, width, aligned);
    });
  });
}

inline void bring_rows_together(const char* op, const EmbeddingPartBackward& o) {
  check_ids(op, o.ids, o.total);
  if (o.dy.numel() == 0) return;
  const IdGroups groups = groups_of(o.ids, o.first, o.first + o.dweight.dim(0));
  if (groups.order.numel() == 0) return;
  const Array ids = card_copy(o.ids), order = card_copy(groups.order), starts = card_copy(groups.starts);
  const int64_t width = o.dweight.dim(1), chunks = (width + kVector - 1) / kVector;
  const int threads = std::min(row_threads(width), kThreads);
  const bool aligned = is_aligned(o.dy) && is_aligned(o.dweight) && width % kVector == 0;
  dispatch_device(o.dy.dtype(), [&](auto t) {
    using T = decltype(t);
    dispatch_own_or_float<T>(o.dweight.dtype(), [&](auto d) {
      using D = decltype(d);
      launch(op,
             {.blocks = starts.numel() - 1, .threads = threads, .blocks_y = (chunks + threads - 1) / threads},
             bring_together<T, D>, pointer<T>(o.dy), pointer<int32_t>(ids), pointer<int32_t>(order),
             pointer<int32_t>(starts), o.first, pointer<D>(o.dweight), width, aligned);
    });
  });
}

}  // namespace genesis::kernels::cuda
