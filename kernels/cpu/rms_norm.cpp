#include "kernels/rms_norm.h"

#include <vector>

#include "kernels/core/parallel_for.h"
#include "kernels/cpu/dispatch.h"
#include "kernels/cpu/rms_norm_row.h"
#include "kernels/cpu/rows.h"
#include "kernels/cpu/store.h"

// Threads own rows; a row is read from memory once and from L1 the second time. Bytes per element: forward 2
// s, backward 3 s (4 s with dresidual), s = size of the dtype. dweight is summed in fixed groups of rows,
// then over groups.
namespace genesis::kernels {
namespace {

/// Groups of rows whose dweight is summed apart; a function of the number of rows alone.
int64_t group_count(int64_t rows) { return std::min<int64_t>(64, (rows + 7) / 8); }

template <class T, class W>
void forward(const RmsNormForward& o) {
  using A = accumulate_t<T>;
  const int64_t width = o.x.dim(-1), rows = o.rstd.numel();
  const Rows<T> x(o.x), y(o.y);
  const W* weight = o.weight.data<W>();
  A* rstd = o.rstd.data<A>();
  const A eps = A(o.eps);
  parallel_for(rows, row_grain(width), [&](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; ++r) rstd[r] = rms_norm_row(x[r], weight, y[r], width, eps);
  });
}

template <class T, class W, class A>
void backward_row(const T* dy, const T* x, const W* weight, A rstd, const T* dresidual, T* dx,
                  int64_t width) {
  const A projection = lane_sum<A>(width, [&](int64_t h) { return A(dy[h]) * A(weight[h]) * A(x[h]); });
  const A slope = projection * rstd * rstd / A(width);  // mean(g n) times rstd
  if (dresidual) {
#pragma omp simd
    for (int64_t h = 0; h < width; ++h)
      store(dx[h], A(dresidual[h]) + rstd * (A(dy[h]) * A(weight[h]) - A(x[h]) * slope));
  } else {
#pragma omp simd
    for (int64_t h = 0; h < width; ++h) store(dx[h], rstd * (A(dy[h]) * A(weight[h]) - A(x[h]) * slope));
  }
}

template <class T, class W>
void backward(const RmsNormBackward& o) {
  using A = accumulate_t<T>;
  const int64_t width = o.x.dim(-1), rows = o.rstd.numel();
  const Rows<T> dy(o.dy), x(o.x);
  const Rows<T> dresidual(o.dresidual.defined() ? o.dresidual : o.dy), dx(o.dx.defined() ? o.dx : o.dy);
  const W* weight = o.weight.data<W>();
  const A* rstd = o.rstd.data<A>();
  const int64_t groups = group_count(rows);
  const bool has_dresidual = o.dresidual.defined(), has_dx = o.dx.defined(),
             has_dweight = o.dweight.defined();
  Array workspace;
  if (has_dweight) {
    MemoryScope scope(MemoryCategory::workspace);
    workspace = Array::zeros({std::max<int64_t>(1, groups), width}, dtype_of<A>());
  }
  A* partial = has_dweight ? workspace.data<A>() : nullptr;  // [groups, width]
  parallel_for(groups, std::max<int64_t>(1, row_grain(width) / 8), [&](int64_t first, int64_t last) {
    for (int64_t g = first; g < last; ++g) {
      for (int64_t r = rows * g / groups; r < rows * (g + 1) / groups; ++r) {
        const T *dy_row = dy[r], *x_row = x[r];
        if (has_dweight) {  // before dx, which may overwrite dy
          A* sum = partial + g * width;
          const A scale = rstd[r];
#pragma omp simd
          for (int64_t h = 0; h < width; ++h) sum[h] += A(dy_row[h]) * (A(x_row[h]) * scale);
        }
        if (has_dx)
          backward_row(dy_row, x_row, weight, rstd[r], has_dresidual ? dresidual[r] : nullptr, dx[r], width);
      }
    }
  });
  if (!has_dweight) return;
  A* dweight = o.dweight.data<A>();
  for (int64_t g = 1; g < groups; ++g) {
#pragma omp simd
    for (int64_t h = 0; h < width; ++h) partial[h] += partial[g * width + h];
  }
  for (int64_t h = 0; h < width; ++h)
    dweight[h] = o.accumulate_dweight ? dweight[h] + partial[h] : partial[h];
}

}  // namespace

void run_cpu(const RmsNormForward& o) {
  if (o.x.numel() == 0) return;
  dispatch_compute(o.x.dtype(), [&](auto tag) {
    using T = decltype(tag);
    dispatch_own_or_accumulate<T>(o.weight.dtype(), [&](auto w) { forward<T, decltype(w)>(o); });
  });
}

void run_cpu(const RmsNormBackward& o) {
  if (o.weight.numel() == 0) return;
  dispatch_compute(o.x.dtype(), [&](auto tag) {
    using T = decltype(tag);
    dispatch_own_or_accumulate<T>(o.weight.dtype(), [&](auto w) { backward<T, decltype(w)>(o); });
  });
}

}  // namespace genesis::kernels
