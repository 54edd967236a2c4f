#pragma once
#include <omp.h>

#include <algorithm>
#include <cstdint>

namespace genesis {

/// Threads this process computes with: OpenMP's setting, made by configure_threads() at start-up.
inline int thread_count() { return omp_get_max_threads(); }

/// Calls fn(begin, end) on contiguous ranges that cover [0, n), one per thread, at least `grain` long.
///   The ranges depend on n, grain and the thread count only. fn must not throw.
template <class Fn>
void parallel_for(int64_t n, int64_t grain, Fn&& fn) {
  if (n <= 0) return;
  const int64_t most = std::max<int64_t>(1, (n + grain - 1) / std::max<int64_t>(1, grain));
  const int threads = int(std::min<int64_t>(thread_count(), most));
  if (threads <= 1 || omp_in_parallel()) {
    fn(int64_t{0}, n);
    return;
  }
#pragma omp parallel num_threads(threads)
  {
    const int64_t t = omp_get_thread_num(), used = omp_get_num_threads();
    const int64_t begin = n * t / used, end = n * (t + 1) / used;
    if (begin < end) fn(begin, end);
  }
}

}  // namespace genesis
