#include "kernels/logn_scale.h"

#include <cmath>

#include "kernels/core/parallel_for.h"
#include "kernels/cpu/rows.h"
#include "kernels/cpu/store.h"

namespace genesis::kernels {
namespace {

template <class T>
void logn_scale(const LognScale& o) {
  using A = accumulate_t<T>;
  const int64_t rows = o.x.dim(0), heads = o.x.dim(1), width = o.x.dim(2);
  const int32_t* position = o.positions.data<int32_t>();
  const Rows<T> x(o.x), y(o.y);
  parallel_for(rows, row_grain(heads * width), [&](int64_t begin, int64_t end) {
    for (int64_t n = begin; n < end; ++n) {
      const double p = double(position[n]) + 1;
      const A c = p > o.length ? A(std::log(p) / std::log(o.length)) : A(1);
      for (int64_t h = 0; h < heads; ++h) {
        const T* from = x[n * heads + h];
        T* to = y[n * heads + h];
#pragma omp simd
        for (int64_t i = 0; i < width; ++i) store(to[i], A(from[i]) * c);
      }
    }
  });
}

}  // namespace

void run_cpu(const LognScale& o) {
  if (o.x.numel() == 0) return;
  dispatch_compute(o.x.dtype(), [&](auto tag) { logn_scale<decltype(tag)>(o); });
}

}  // namespace genesis::kernels
