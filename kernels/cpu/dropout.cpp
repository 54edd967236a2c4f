#include "kernels/dropout.h"

#include <algorithm>

#include "kernels/core/parallel_for.h"
#include "kernels/cpu/philox_words.h"

// Threads own ranges; 2 s bytes and a quarter of a Philox call per element.
namespace genesis::kernels {
namespace {

template <class T>
void dropout(const Dropout& o) {
  using A = accumulate_t<T>;
  const T* x = o.x.data<T>();
  T* y = o.y.data<T>();
  const A scale = A(1.0 / (1.0 - o.p));
  const float p = float(o.p);
  parallel_for(o.x.numel(), 4096, [&](int64_t begin, int64_t end) {
    constexpr int64_t kBlock = 1024;
    uint32_t words[kBlock + 8];  // one per element
    for (int64_t first = begin; first < end; first += kBlock) {
      const int64_t n = std::min(kBlock, end - first);
      const uint64_t element = o.first_element + uint64_t(first);
      philox_words(o.stream, element / 4, (n + 7) / 4, words);
      const uint32_t* word = words + element % 4;  // a start within a counter
#pragma omp simd
      for (int64_t i = 0; i < n; ++i)
        y[first + i] = T(uniform_from(word[i]) >= p ? A(x[first + i]) * scale : A(0));
    }
  });
}

}  // namespace

void run_cpu(const Dropout& o) {
  if (o.x.numel() == 0) return;
  dispatch_compute(o.x.dtype(), [&](auto tag) { dropout<decltype(tag)>(o); });
}

}  // namespace genesis::kernels
