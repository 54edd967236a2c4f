#include "kernels/reduce.h"

#include <algorithm>
#include <limits>
#include <vector>

#include "kernels/core/parallel_for.h"
#include "kernels/cpu/dispatch.h"
#include "kernels/cpu/lanes.h"
#include "kernels/cpu/store.h"

// The array is seen as outputs x terms. When neighbours in memory are terms of one output, a run of terms is
// summed in lanes; when they belong to neighbouring outputs, up to 1024 outputs are summed side by side. Long
// sums are cut into segments (by the shape alone), whose partial results are combined in order. s bytes per
// element, read once.
namespace genesis::kernels {
namespace {

constexpr int64_t kColumns = 1024;

/// Dimensions merged where they follow each other in memory; innermost first.
struct Axes {
  std::vector<int64_t> extents, strides;
  int64_t count = 1;
  void prepend(int64_t extent, int64_t stride) {  // called from the last dimension to the first
    count *= extent;
    if (extent == 1) return;
    if (!extents.empty() && stride == strides.back() * extents.back()) {
      extents.back() *= extent;
    } else {
      extents.push_back(extent);
      strides.push_back(stride);
    }
  }
  int64_t inner() const { return extents.empty() ? 1 : extents[0]; }
  int64_t step() const { return strides.empty() ? 0 : strides[0]; }
  int64_t offset(int64_t i) const {
    int64_t at = 0;
    for (size_t d = 0; d < extents.size(); ++d) {
      at += i % extents[d] * strides[d];
      i /= extents[d];
    }
    return at;
  }
};

template <class A>
struct Sum {
  static constexpr A kStart = A(0);
  static A join(A a, A b) { return a + b; }
  template <class Term>
  static A run(int64_t n, Term term) {
    return lane_sum<A>(n, term);
  }
};

template <class A>
struct Max {
  static constexpr A kStart = -std::numeric_limits<A>::infinity();
  static A join(A a, A b) { return !(b <= a) && a == a ? b : a; }
  template <class Term>
  static A run(int64_t n, Term term) {
    A best = kStart;
    for (int64_t i = 0; i < n; ++i) best = join(best, term(i));
    return best;
  }
};

/// Terms [begin, end) of one output, joined run by run.
template <class T, class R, class A>
A reduce_terms(const T* x, const Axes& terms, int64_t begin, int64_t end) {
  A total = R::kStart;
  const int64_t inner = terms.inner(), step = terms.step();
  for (int64_t i = begin; i < end;) {
    const int64_t n = std::min(inner - i % inner, end - i);
    const T* run = x + terms.offset(i);
    total = R::join(total, step == 1 ? R::run(n, [&](int64_t j) { return A(run[j]); })
                                     : R::run(n, [&](int64_t j) { return A(run[j * step]); }));
    i += n;
  }
  return total;
}

/// Terms [begin, end) of `width` outputs that lie `step` apart, side by side.
template <class T, class R, class A>
void reduce_columns(const T* x, int64_t step, int64_t width, const Axes& terms, int64_t begin, int64_t end,
                    A* out) {
  std::fill_n(out, width, R::kStart);
  for (int64_t i = begin; i < end; ++i) {
    const T* row = x + terms.offset(i);
    if (step == 1) {
#pragma omp simd
      for (int64_t c = 0; c < width; ++c) out[c] = R::join(out[c], A(row[c]));
    } else {
      for (int64_t c = 0; c < width; ++c) out[c] = R::join(out[c], A(row[c * step]));
    }
  }
}

/// Into how many segments the terms are cut: enough for 64 tasks, none shorter than 16384 elements.
int64_t segment_count(int64_t tasks, int64_t elements_per_task) {
  if (tasks >= 64) return 1;
  return std::clamp<int64_t>(elements_per_task / 16384, 1, 64 / std::max<int64_t>(1, tasks));
}

template <class T, class Y, template <class> class Kind>
void reduce(const Reduce& o) {
  using A = accumulate_t<T>;
  using R = Kind<A>;
  const auto reduced = reduced_dimensions(o.x.ndim(), o.dims);
  Axes outputs, terms;
  for (int64_t d = o.x.ndim() - 1; d >= 0; --d)
    (reduced[size_t(d)] ? terms : outputs).prepend(o.x.dim(d), o.x.strides()[size_t(d)]);

  if (terms.count == 0) {
    std::fill_n(o.y.data<Y>(), outputs.count,
                Y(o.kind == ReduceKind::mean ? std::numeric_limits<A>::quiet_NaN() : A(0)));
    return;
  }
  const T* x = o.x.data<T>();
  const bool columns = !outputs.extents.empty() && (terms.extents.empty() || outputs.step() < terms.step());
  const int64_t width = columns ? std::min(kColumns, outputs.inner()) : 1;
  const int64_t blocks = columns ? (outputs.inner() + width - 1) / width : 1;  // blocks of one run of outputs
  const int64_t runs = columns ? outputs.count / outputs.inner() : outputs.count;
  const int64_t tasks = runs * blocks;
  const int64_t segments = segment_count(tasks, terms.count * width);

  std::vector<A> partial(static_cast<size_t>(segments * outputs.count));  // [segments, outputs]
  parallel_for(tasks * segments,
               std::max<int64_t>(1, 16384 * segments / std::max<int64_t>(1, terms.count * width)),
               [&](int64_t first, int64_t last) {
                 for (int64_t i = first; i < last; ++i) {
                   const int64_t segment = i / tasks, task = i % tasks;
                   const int64_t begin = terms.count * segment / segments,
                                 end = terms.count * (segment + 1) / segments;
                   A* out = partial.data() + segment * outputs.count;
                   if (columns) {
                     const int64_t output = task / blocks * outputs.inner() + task % blocks * width;
                     const int64_t n = std::min(width, outputs.inner() - task % blocks * width);
                     reduce_columns<T, R>(x + outputs.offset(output), outputs.step(), n, terms, begin, end,
                                          out + output);
                   } else {
                     out[task] = reduce_terms<T, R, A>(x + outputs.offset(task), terms, begin, end);
                   }
                 }
               });
  const A factor = o.kind == ReduceKind::mean ? A(1) / A(terms.count) : A(1);
  Y* y = o.y.data<Y>();
  for (int64_t i = 0; i < outputs.count; ++i) {
    A total = partial[size_t(i)];
    for (int64_t s = 1; s < segments; ++s) total = R::join(total, partial[size_t(s * outputs.count + i)]);
    store(y[i], total * factor);
  }
}

}  // namespace

void run_cpu(const Reduce& o) {
  if (o.y.numel() == 0) return;
  dispatch_compute(o.x.dtype(), [&](auto tag) {
    using T = decltype(tag);
    dispatch_own_or_accumulate<T>(o.y.dtype(), [&](auto y) {
      if (o.kind == ReduceKind::max) return reduce<T, decltype(y), Max>(o);
      reduce<T, decltype(y), Sum>(o);
    });
  });
}

}  // namespace genesis::kernels
