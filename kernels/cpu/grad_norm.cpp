#include "kernels/grad_norm.h"

#include "kernels/cpu/chunks.h"
#include "kernels/cpu/lanes.h"

// Threads own chunks; s bytes per element, read once. A chunk's partial sum has fixed lanes; partial sums are
// added in order.
namespace genesis::kernels {

void run_cpu(const GradNorm& o) {
  Chunks chunks;
  for (const Array& g : o.grads) chunks.add(g.numel());
  std::vector<double> partial(size_t(chunks.count()));  // [chunks]
  chunks.for_each([&](int64_t chunk, size_t tensor, int64_t begin, int64_t end) {
    dispatch_compute(o.grads[tensor].dtype(), [&](auto tag) {
      using T = decltype(tag);
      const T* g = o.grads[tensor].data<T>() + begin;
      partial[size_t(chunk)] = lane_sum<double>(end - begin, [&](int64_t i) {
        const double v = double(accumulate_t<T>(g[i]));
        return v * v;
      });
    });
  });
  double* sums = o.sums.data<double>();
  for (size_t t = 0; t < o.grads.size(); ++t) {
    sums[t] = 0;
    for (int64_t c = chunks.first(t); c < chunks.first(t + 1); ++c) sums[t] += partial[size_t(c)];
  }
}

}  // namespace genesis::kernels
