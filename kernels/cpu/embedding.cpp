#include "kernels/embedding.h"

#include <algorithm>
#include <cstring>
#include <numeric>
#include <vector>

#include "kernels/core/parallel_for.h"
#include "kernels/cpu/dispatch.h"
#include "kernels/cpu/rows.h"
#include "kernels/cpu/store.h"

// Forward: threads own output rows. Backward: rows are grouped by id (stable sort), and threads own pairs of
// a group and a block of columns, so every element of dweight has one writer that adds in the order of n.
namespace genesis::kernels {
namespace {

constexpr int64_t kColumns = 256;  // of a block: 1 KB of f32, stays in L1 while a group is added up

void expect_ids_in_range(const char* op, const Array& ids, int64_t rows) {
  const int32_t* id = ids.data<int32_t>();
  for (int64_t n = 0; n < ids.numel(); ++n)
    GENESIS_CHECK(id[n] >= 0 && id[n] < rows, op, ": ids[", n, "] = ", id[n], " is outside [0, ", rows, ")");
}

template <class W, class T>
void forward(const EmbeddingForward& o) {
  using A = accumulate_t<T>;
  const int64_t width = o.weight.dim(1);
  const int32_t* id = o.ids.data<int32_t>();
  const W* weight = o.weight.data<W>();
  T* y = o.y.data<T>();
  parallel_for(o.ids.numel(), row_grain(width), [&](int64_t begin, int64_t end) {
    for (int64_t n = begin; n < end; ++n) {
      const W* from = weight + id[n] * width;
      T* to = y + n * width;
      if constexpr (std::is_same_v<W, T>) {
        std::memcpy(to, from, size_t(width) * sizeof(T));
      } else {
#pragma omp simd
        for (int64_t h = 0; h < width; ++h) store(to[h], A(from[h]));
      }
    }
  });
}

/// Rows sorted by id, and where each id's group starts (one more entry than groups).
struct Groups {
  std::vector<int32_t> order;   // [N]
  std::vector<int64_t> starts;  // [groups + 1]
  explicit Groups(const Array& ids) : order(size_t(ids.numel())) {
    const int32_t* id = ids.data<int32_t>();
    std::iota(order.begin(), order.end(), 0);
    std::stable_sort(order.begin(), order.end(), [&](int32_t a, int32_t b) { return id[a] < id[b]; });
    for (size_t i = 0; i < order.size(); ++i)
      if (i == 0 || id[order[i]] != id[order[i - 1]]) starts.push_back(int64_t(i));
    starts.push_back(int64_t(order.size()));
  }
};

template <class T, class D>
void backward(const EmbeddingBackward& o) {
  using A = accumulate_t<T>;
  const int64_t width = o.dweight.dim(1), blocks = (width + kColumns - 1) / kColumns;
  const int32_t* id = o.ids.data<int32_t>();
  const T* dy = o.dy.data<T>();
  D* dweight = o.dweight.data<D>();
  const Groups groups(o.ids);
  const int64_t tasks = (int64_t(groups.starts.size()) - 1) * blocks;
  parallel_for(tasks, row_grain(2 * std::min(width, kColumns)), [&](int64_t begin, int64_t end) {
    for (int64_t task = begin; task < end; ++task) {
      const size_t g = size_t(task / blocks);
      const int64_t column = task % blocks * kColumns, columns = std::min(kColumns, width - column);
      D* to = dweight + id[groups.order[size_t(groups.starts[g])]] * width + column;
      A sum[kColumns];  // [columns]
      for (int64_t h = 0; h < columns; ++h) sum[h] = A(to[h]);
      for (int64_t i = groups.starts[g]; i < groups.starts[g + 1]; ++i) {
        const T* from = dy + groups.order[size_t(i)] * width + column;
#pragma omp simd
        for (int64_t h = 0; h < columns; ++h) sum[h] += A(from[h]);
      }
#pragma omp simd
      for (int64_t h = 0; h < columns; ++h) store(to[h], sum[h]);
    }
  });
}

}  // namespace

void run_cpu(const EmbeddingForward& o) {
  expect_ids_in_range(EmbeddingForward::kName, o.ids, o.weight.dim(0));
  if (o.y.numel() == 0) return;
  dispatch_compute(o.weight.dtype(), [&](auto tag) {
    using W = decltype(tag);
    if (o.y.dtype() == o.weight.dtype()) return forward<W, W>(o);
    if constexpr (std::is_same_v<W, float>) forward<float, bf16>(o);
  });
}

void run_cpu(const EmbeddingBackward& o) {
  expect_ids_in_range(EmbeddingBackward::kName, o.ids, o.dweight.dim(0));
  if (o.dy.numel() == 0) return;
  dispatch_compute(o.dy.dtype(), [&](auto tag) {
    using T = decltype(tag);
    dispatch_own_or_accumulate<T>(o.dweight.dtype(), [&](auto d) { backward<T, decltype(d)>(o); });
  });
}

}  // namespace genesis::kernels
