#include "kernels/rope.h"

#include "kernels/core/parallel_for.h"
#include "kernels/cpu/rows.h"
#include "kernels/cpu/store.h"

// Threads own positions; the table row of a position stays in L1 for all its heads. 2 s bytes per element.
namespace genesis::kernels {
namespace {

template <class T, class A>
void rotate(const T* x, const A* cos, const A* sin, A sign, T* y, int64_t half) {
#pragma omp simd
  for (int64_t i = 0; i < half; ++i) {
    const A a = A(x[i]), b = A(x[i + half]), c = cos[i], s = sign * sin[i];
    store(y[i], a * c - b * s);
    store(y[i + half], b * c + a * s);
  }
}

template <class T, class A>
void rotate_neighbours(const T* x, const A* cos, const A* sin, A sign, T* y, int64_t half) {
#pragma omp simd
  for (int64_t i = 0; i < half; ++i) {
    const A a = A(x[2 * i]), b = A(x[2 * i + 1]), c = cos[i], s = sign * sin[i];
    store(y[2 * i], a * c - b * s);
    store(y[2 * i + 1], b * c + a * s);
  }
}

template <class T>
void rope(const Rope& o) {
  using A = accumulate_t<T>;
  const int64_t rows = o.x.dim(0), heads = o.x.dim(1), width = o.x.dim(2), half = width / 2;
  const int32_t* position = o.positions.data<int32_t>();
  const A *cos = o.cos.data<A>(), *sin = o.sin.data<A>();
  const T* x = o.x.data<T>();
  T* y = o.y.data<T>();
  const int64_t x_row = o.x.strides()[0], x_head = o.x.strides()[1], y_row = o.y.strides()[0],
                y_head = o.y.strides()[1];
  const A sign = o.inverse ? A(-1) : A(1);
  const auto turn = o.pairing == RopePairing::halves ? rotate<T, A> : rotate_neighbours<T, A>;
  parallel_for(rows, row_grain(heads * width), [&](int64_t begin, int64_t end) {
    for (int64_t n = begin; n < end; ++n) {
      const int64_t at = int64_t(position[n]) * half;
      for (int64_t h = 0; h < heads; ++h)
        turn(x + n * x_row + h * x_head, cos + at, sin + at, sign, y + n * y_row + h * y_head, half);
    }
  });
}

}  // namespace

void run_cpu(const Rope& o) {
  const int32_t* position = o.positions.data<int32_t>();
  for (int64_t n = 0; n < o.positions.numel(); ++n)
    GENESIS_CHECK(position[n] >= 0 && position[n] < o.cos.dim(0), Rope::kName, ": positions[", n,
                  "] = ", position[n], " is outside [0, ", o.cos.dim(0), ")");
  if (o.x.numel() == 0) return;
  dispatch_compute(o.x.dtype(), [&](auto tag) { rope<decltype(tag)>(o); });
}

}  // namespace genesis::kernels
