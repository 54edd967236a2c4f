#include "kernels/softmax.h"

#include "kernels/core/parallel_for.h"
#include "kernels/cpu/rows.h"
#include "kernels/cpu/softmax_row.h"
#include "kernels/cpu/store.h"

// Threads own rows; a row is read from memory once and stays in cache for the other two passes over it.
namespace genesis::kernels {
namespace {

template <class T>
void forward(const SoftmaxForward& o) {
  using A = accumulate_t<T>;
  const int64_t width = o.x.dim(-1), rows = o.x.numel() / width;
  const Rows<T> x(o.x), y(o.y);
  parallel_for(rows, row_grain(4 * width), [&](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; ++r) {
      const T* from = x[r];
      T* to = y[r];
      const A top = row_max(from, width), scale = A(1) / row_exp_sum(from, width, top);
#pragma omp simd
      for (int64_t i = 0; i < width; ++i) store(to[i], vexp(A(from[i]) - top) * scale);
    }
  });
}

template <class T>
void backward(const SoftmaxBackward& o) {
  using A = accumulate_t<T>;
  const int64_t width = o.y.dim(-1), rows = o.y.numel() / width;
  const Rows<T> y(o.y), dy(o.dy), dx(o.dx);
  parallel_for(rows, row_grain(2 * width), [&](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; ++r) {
      const T *p = y[r], *seed = dy[r];
      T* to = dx[r];
      const A mean = lane_sum<A>(width, [&](int64_t i) { return A(seed[i]) * A(p[i]); });
#pragma omp simd
      for (int64_t i = 0; i < width; ++i) store(to[i], A(p[i]) * (A(seed[i]) - mean));
    }
  });
}

}  // namespace

void run_cpu(const SoftmaxForward& o) {
  if (o.x.numel() == 0) return;
  dispatch_compute(o.x.dtype(), [&](auto tag) { forward<decltype(tag)>(o); });
}

void run_cpu(const SoftmaxBackward& o) {
  if (o.y.numel() == 0) return;
  dispatch_compute(o.y.dtype(), [&](auto tag) { backward<decltype(tag)>(o); });
}

}  // namespace genesis::kernels
