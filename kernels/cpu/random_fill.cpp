#include "kernels/random_fill.h"

#include "kernels/core/parallel_for.h"
#include "kernels/cpu/store.h"

namespace genesis::kernels {

void run_cpu(const RandomFill& o) {
  if (o.y.numel() == 0) return;
  dispatch_compute(o.y.dtype(), [&](auto tag) {
    using T = decltype(tag);
    using A = accumulate_t<T>;
    T* y = o.y.data<T>();
    parallel_for(o.y.numel(), 1024, [&](int64_t begin, int64_t end) {
      const bool normal = o.distribution == Distribution::normal;
      for (int64_t i = begin; i < end;) {
        const uint64_t element = o.first_element + uint64_t(i);
        if (normal) {
          const auto pair = normal_pair(o.stream, element / 2);
          for (uint64_t j = element % 2; j < 2 && i < end; ++j) store(y[i++], A(o.a + o.b * pair[j]));
        } else {
          const auto words = philox(o.stream.seed, o.stream.stream, element / 4);
          for (uint64_t j = element % 4; j < 4 && i < end; ++j)
            store(y[i++], A(o.a + (o.b - o.a) * double(uniform_from(words[j]))));
        }
      }
    });
  });
}

}  // namespace genesis::kernels
