#include "kernels/index_select.h"

#include <cstring>
#include <vector>

#include "kernels/core/parallel_for.h"
#include "kernels/cpu/rows.h"
#include "kernels/cpu/store.h"

// Forward: threads own picked slices. Backward: threads own blocks of columns, so that one writer adds in the
// order of i.
namespace genesis::kernels {
namespace {

std::vector<int64_t> indices_of(const char* op, const Array& index, int64_t extent) {
  std::vector<int64_t> out(static_cast<size_t>(index.numel()));
  for (size_t i = 0; i < out.size(); ++i) {
    out[i] = index.dtype() == DType::i32 ? index.data<int32_t>()[i] : index.data<int64_t>()[i];
    GENESIS_CHECK(out[i] >= 0 && out[i] < extent, op, ": index[", i, "] = ", out[i], " is outside [0, ",
                  extent, ")");
  }
  return out;
}

/// Elements before and behind dimension dim.
struct Sides {
  int64_t outer = 1, inner = 1;
  Sides(const Shape& shape, int64_t dim) {
    for (int64_t d = 0; d < dim; ++d) outer *= shape[size_t(d)];
    for (size_t d = size_t(dim) + 1; d < shape.size(); ++d) inner *= shape[d];
  }
};

}  // namespace

void run_cpu(const IndexSelect& o) {
  const auto index = indices_of(IndexSelect::kName, o.index, o.x.dim(o.dim));
  if (o.y.numel() == 0) return;
  const Sides sides(o.x.shape(), o.dim);
  const int64_t count = int64_t(index.size()), extent = o.x.dim(o.dim);
  const int64_t bytes = sides.inner * size_of(o.x.dtype());
  const char* x = static_cast<const char*>(o.x.raw());
  char* y = static_cast<char*>(o.y.raw());
  parallel_for(sides.outer * count, row_grain(sides.inner), [&](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; ++r)
      std::memcpy(y + r * bytes, x + (r / count * extent + index[size_t(r % count)]) * bytes, size_t(bytes));
  });
}

void run_cpu(const IndexAdd& o) {
  const auto index = indices_of(IndexAdd::kName, o.index, o.dx.dim(o.dim));
  if (o.dy.numel() == 0) return;
  const Sides sides(o.dx.shape(), o.dim);
  const int64_t count = int64_t(index.size()), extent = o.dx.dim(o.dim), inner = sides.inner;
  constexpr int64_t kColumns = 512;
  const int64_t blocks = (inner + kColumns - 1) / kColumns;
  dispatch_compute(o.dx.dtype(), [&](auto tag) {
    using T = decltype(tag);
    using A = accumulate_t<T>;
    const T* dy = o.dy.data<T>();
    T* dx = o.dx.data<T>();
    parallel_for(sides.outer * blocks, row_grain(count * std::min(inner, kColumns)),
                 [&](int64_t begin, int64_t end) {
                   for (int64_t task = begin; task < end; ++task) {
                     const int64_t a = task / blocks, column = task % blocks * kColumns,
                                   width = std::min(kColumns, inner - column);
                     for (int64_t i = 0; i < count; ++i) {
                       const T* from = dy + (a * count + i) * inner + column;
                       T* to = dx + (a * extent + index[size_t(i)]) * inner + column;
#pragma omp simd
                       for (int64_t b = 0; b < width; ++b) store(to[b], A(to[b]) + A(from[b]));
                     }
                   }
                 });
  });
}

}  // namespace genesis::kernels
