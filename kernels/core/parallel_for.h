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

/// Calls fn(begin, end) on ranges of `chunk` that cover [0, n), the last maybe shorter; a thread that is free
/// takes the next range, so that one the machine holds up does not hold up the others.
///   For results that do not depend on who computes them. fn must not throw.
template <class Fn>
void parallel_chunks(int64_t n, int64_t chunk, Fn&& fn) {
  const int64_t chunks = (n + chunk - 1) / chunk;
  const int threads = int(std::min<int64_t>(thread_count(), chunks));
  if (threads <= 1 || omp_in_parallel()) {
    for (int64_t begin = 0; begin < n; begin += chunk) fn(begin, std::min(n, begin + chunk));
    return;
  }
#pragma omp parallel for schedule(dynamic, 1) num_threads(threads)
  for (int64_t c = 0; c < chunks; ++c) fn(c * chunk, std::min(n, (c + 1) * chunk));
}

}  // namespace genesis
