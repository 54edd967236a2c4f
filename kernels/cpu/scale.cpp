#include "kernels/scale.h"

#include "kernels/cpu/chunks.h"
#include "kernels/cpu/store.h"

namespace genesis::kernels {

void run_cpu(const Scale& o) {
  Chunks chunks;
  for (const Array& a : o.arrays) chunks.add(a.numel());
  chunks.for_each([&](int64_t, size_t tensor, int64_t begin, int64_t end) {
    dispatch_compute(o.arrays[tensor].dtype(), [&](auto tag) {
      using T = decltype(tag);
      using A = accumulate_t<T>;
      T* x = o.arrays[tensor].data<T>();
      const A factor = A(o.factor);
#pragma omp simd
      for (int64_t i = begin; i < end; ++i) store(x[i], A(x[i]) * factor);
    });
  });
  for (const Array& a : o.arrays) a.storage().bump_version();
}

}  // namespace genesis::kernels
