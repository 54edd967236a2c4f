#include "kernels/embedding_part.h"

#include <cstring>
#include <vector>

#include "kernels/core/memory.h"
#include "kernels/core/parallel_for.h"
#include "kernels/cpu/rows.h"
#include "kernels/cpu/store.h"
#include "kernels/embedding.h"

// The rows that are here are looked up (or brought together) as if they were the whole table.
namespace genesis::kernels {
namespace {

/// Ids of a part, counted from its first row, and where each stood.
struct Here {
  std::vector<int32_t> ids;
  std::vector<int64_t> places;

  Here(const char* op, const Array& all, int64_t first, int64_t rows, int64_t total) {
    const int32_t* id = all.data<int32_t>();
    for (int64_t n = 0; n < all.numel(); ++n) {
      GENESIS_CHECK(id[n] >= 0 && id[n] < total, op, ": ids[", n, "] = ", id[n], " is outside [0, ", total,
                    ")");
      if (id[n] < first || id[n] >= first + rows) continue;
      ids.push_back(int32_t(id[n] - first));
      places.push_back(n);
    }
  }
};

template <class W, class T>
void forward(const EmbeddingPartForward& o, const Here& here) {
  using A = accumulate_t<T>;
  const int64_t width = o.weight.dim(1);
  const W* weight = o.weight.data<W>();
  T* y = o.y.data<T>();
  std::memset(static_cast<void*>(y), 0, size_t(o.y.nbytes()));
  parallel_for(int64_t(here.ids.size()), row_grain(width), [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const W* from = weight + here.ids[size_t(i)] * width;
      T* to = y + here.places[size_t(i)] * width;
#pragma omp simd
      for (int64_t h = 0; h < width; ++h) store(to[h], A(from[h]));
    }
  });
}

}  // namespace

void run_cpu(const EmbeddingPartForward& o) {
  const Here here(o.kName, o.ids, o.first, o.weight.dim(0), o.total);
  if (o.y.numel() == 0) return;
  dispatch_compute(o.weight.dtype(), [&](auto tag) {
    using W = decltype(tag);
    if (o.y.dtype() == o.weight.dtype()) return forward<W, W>(o, here);
    if constexpr (std::is_same_v<W, float>) forward<float, bf16>(o, here);
  });
}

void run_cpu(const EmbeddingPartBackward& o) {
  const Here here(o.kName, o.ids, o.first, o.dweight.dim(0), o.total);
  const int64_t count = int64_t(here.ids.size()), width = o.dweight.dim(1);
  if (count == 0 || width == 0) return;
  MemoryScope scope(MemoryCategory::workspace);
  const Array dy = Array::empty({count, width}, o.dy.dtype());
  const size_t row = size_t(width * size_of(o.dy.dtype()));
  for (int64_t i = 0; i < count; ++i)
    std::memcpy(static_cast<char*>(dy.raw()) + size_t(i) * row,
                static_cast<const char*>(o.dy.raw()) + size_t(here.places[size_t(i)]) * row, row);
  run_cpu(EmbeddingBackward{.dy = dy, .ids = Array::from(here.ids, {count}), .dweight = o.dweight});
}

}  // namespace genesis::kernels
