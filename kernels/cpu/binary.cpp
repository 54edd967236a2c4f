#include "kernels/binary.h"

#include "kernels/cpu/store.h"
#include "kernels/cpu/strided.h"

// Threads own runs of at most 16384 elements; 3 s bytes per element where nothing repeats, s = size of the
// dtype.
namespace genesis::kernels {
namespace {

template <class T, class Fn>
void run_of(const T* a, int64_t a_step, const T* b, int64_t b_step, T* y, int64_t y_step, int64_t n, Fn fn) {
  using A = accumulate_t<T>;
  if (y_step == 1 && a_step == 1 && b_step == 1) {
#pragma omp simd
    for (int64_t i = 0; i < n; ++i) store(y[i], fn(A(a[i]), A(b[i])));
  } else if (y_step == 1 && a_step == 1 && b_step == 0) {
    const A right = A(*b);
#pragma omp simd
    for (int64_t i = 0; i < n; ++i) store(y[i], fn(A(a[i]), right));
  } else if (y_step == 1 && a_step == 0 && b_step == 1) {
    const A left = A(*a);
#pragma omp simd
    for (int64_t i = 0; i < n; ++i) store(y[i], fn(left, A(b[i])));
  } else {
    for (int64_t i = 0; i < n; ++i) store(y[i * y_step], fn(A(a[i * a_step]), A(b[i * b_step])));
  }
}

template <class T, class Fn>
void walk(const Binary& o, Fn fn) {
  const Array a = o.a.expand(o.y.shape()), b = o.b.expand(o.y.shape());
  const StridedWalk<3> runs(o.y.shape(), {a.strides(), b.strides(), o.y.strides()});
  const T *pa = a.data<T>(), *pb = b.data<T>();
  T* py = o.y.data<T>();
  const auto steps = runs.steps();
  runs.for_each_run([&](const auto& at, int64_t n) {
    run_of(pa + at[0], steps[0], pb + at[1], steps[1], py + at[2], steps[2], n, fn);
  });
}

}  // namespace

void run_cpu(const Binary& o) {
  if (o.y.numel() == 0) return;
  dispatch_compute(o.y.dtype(), [&](auto tag) {
    using T = decltype(tag);
    using A = accumulate_t<T>;
    switch (o.kind) {
      case BinaryKind::add:
        return walk<T>(o, [](A a, A b) { return a + b; });
      case BinaryKind::subtract:
        return walk<T>(o, [](A a, A b) { return a - b; });
      case BinaryKind::multiply:
        return walk<T>(o, [](A a, A b) { return a * b; });
      case BinaryKind::divide:
        return walk<T>(o, [](A a, A b) { return a / b; });
    }
  });
}

}  // namespace genesis::kernels
