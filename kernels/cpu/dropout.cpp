#include "kernels/dropout.h"

#include <algorithm>
#include <cmath>

#include "kernels/core/parallel_for.h"
#include "kernels/cpu/philox_words.h"
#include "kernels/cpu/store.h"

// Threads own ranges; 2 s bytes and a quarter of a Philox call per element.
namespace genesis::kernels {
namespace {

template <class T>
void dropout(const Dropout& o) {
  using A = accumulate_t<T>;
  const T* x = o.x.data<T>();
  T* y = o.y.data<T>();
  const RandomStream stream = o.stream;
  const uint64_t first_element = o.first_element;
  const A scale = A(1.0 / (1.0 - o.p));
  const uint32_t limit = uint32_t(std::ceil(float(o.p) * 0x1p24f));
  parallel_for(o.x.numel(), 4096, [=](int64_t begin, int64_t end) {
    constexpr int64_t kBlock = 1024;
    uint32_t words[kBlock + 8];  // one per element
    for (int64_t first = begin; first < end; first += kBlock) {
      const int64_t n = std::min(kBlock, end - first);
      const uint64_t element = first_element + uint64_t(first);
      philox_words(stream, element / 4, (n + 7) / 4, words);
      const uint32_t* word = words + element % 4;  // a start within a counter
#pragma omp simd
      for (int64_t i = 0; i < n; ++i) {
        const int32_t kept = (word[i] >> 8) >= limit;  // uniform_from(word) >= p, in integers
        store(y[first + i], A(x[first + i]) * (A(kept) * scale));
      }
    }
  });
}

}  // namespace

void run_cpu(const Dropout& o) {
  if (o.x.numel() == 0) return;
  dispatch_compute(o.x.dtype(), [&](auto tag) { dropout<decltype(tag)>(o); });
}

}  // namespace genesis::kernels
