#include "kernels/unary.h"

#include <cmath>

#include "kernels/cpu/store.h"
#include "kernels/cpu/strided.h"
#include "kernels/cpu/vector_math.h"

// Threads own runs of at most 16384 elements; forward 2 s bytes per element, backward 3 s, s = size of the
// dtype.
namespace genesis::kernels {
namespace {

template <class T, class Fn>
void map(const Array& x, const Array& y, Fn fn) {
  using A = accumulate_t<T>;
  const StridedWalk<2> runs(y.shape(), {x.strides(), y.strides()});
  const T* px = x.data<T>();
  T* py = y.data<T>();
  const auto [x_step, y_step] = runs.steps();
  runs.for_each_run([&, x_step = x_step, y_step = y_step](const auto& at, int64_t n) {
    const T* from = px + at[0];
    T* to = py + at[1];
    if (x_step == 1 && y_step == 1) {
#pragma omp simd
      for (int64_t i = 0; i < n; ++i) store(to[i], fn(A(from[i])));
    } else {
      for (int64_t i = 0; i < n; ++i) store(to[i * y_step], fn(A(from[i * x_step])));
    }
  });
}

template <class T, class Fn>
void map_two(const Array& a, const Array& b, const Array& y, Fn fn) {
  using A = accumulate_t<T>;
  const StridedWalk<3> runs(y.shape(), {a.strides(), b.strides(), y.strides()});
  const T *pa = a.data<T>(), *pb = b.data<T>();
  T* py = y.data<T>();
  const auto steps = runs.steps();
  runs.for_each_run([&](const auto& at, int64_t n) {
    const T *left = pa + at[0], *right = pb + at[1];
    T* to = py + at[2];
    if (steps[0] == 1 && steps[1] == 1 && steps[2] == 1) {
#pragma omp simd
      for (int64_t i = 0; i < n; ++i) store(to[i], fn(A(left[i]), A(right[i])));
    } else {
      for (int64_t i = 0; i < n; ++i)
        store(to[i * steps[2]], fn(A(left[i * steps[0]]), A(right[i * steps[1]])));
    }
  });
}

}  // namespace

void run_cpu(const UnaryForward& o) {
  if (o.y.numel() == 0) return;
  dispatch_compute(o.y.dtype(), [&](auto tag) {
    using T = decltype(tag);
    using A = accumulate_t<T>;
    switch (o.kind) {
      case UnaryKind::exp:
        return map<T>(o.x, o.y, [](A x) { return vexp(x); });
      case UnaryKind::log:
        return map<T>(o.x, o.y, [](A x) { return vlog(x); });
      case UnaryKind::sqrt:
        return map<T>(o.x, o.y, [](A x) { return std::sqrt(x); });
      case UnaryKind::square:
        return map<T>(o.x, o.y, [](A x) { return x * x; });
      case UnaryKind::reciprocal:
        return map<T>(o.x, o.y, [](A x) { return A(1) / x; });
      case UnaryKind::relu:
        return map<T>(o.x, o.y, [](A x) { return x < A(0) ? A(0) : x; });
      case UnaryKind::sigmoid:
        return map<T>(o.x, o.y, [](A x) { return vsigmoid(x); });
      case UnaryKind::silu:
        return map<T>(o.x, o.y, [](A x) { return vsilu(x); });
      case UnaryKind::tanh:
        return map<T>(o.x, o.y, [](A x) { return vtanh(x); });
    }
  });
}

void run_cpu(const UnaryBackward& o) {
  if (o.dx.numel() == 0) return;
  dispatch_compute(o.dx.dtype(), [&](auto tag) {
    using T = decltype(tag);
    using A = accumulate_t<T>;
    const auto with = [&](auto fn) { map_two<T>(o.saved, o.dy, o.dx, fn); };
    switch (o.kind) {
      case UnaryKind::exp:
        return with([](A y, A dy) { return dy * y; });
      case UnaryKind::log:
        return with([](A x, A dy) { return dy / x; });
      case UnaryKind::sqrt:
        return with([](A y, A dy) { return dy / (A(2) * y); });
      case UnaryKind::square:
        return with([](A x, A dy) { return dy * (A(2) * x); });
      case UnaryKind::reciprocal:
        return with([](A y, A dy) { return -dy * y * y; });
      case UnaryKind::relu:
        return with([](A y, A dy) { return y > A(0) ? dy : A(0); });
      case UnaryKind::sigmoid:
        return with([](A y, A dy) { return dy * y * (A(1) - y); });
      case UnaryKind::silu:
        return with([](A x, A dy) {
          const A g = vsigmoid(x);
          return dy * g * (A(1) + x * (A(1) - g));
        });
      case UnaryKind::tanh:
        return with([](A y, A dy) { return dy * (A(1) - y * y); });
    }
  });
}

}  // namespace genesis::kernels
