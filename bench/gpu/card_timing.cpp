#include "bench/gpu/card_timing.h"

#include <algorithm>
#include <vector>

#include "bench/gpu/report.h"
#include "kernels/core/cuda/runtime.h"
#include "kernels/core/run.h"
#include "kernels/random_fill.h"

namespace genesis::bench {

Array random(const Shape& shape, DType dtype, uint64_t stream, double scale) {
  const Array a = Array::empty(shape, dtype, Device::cuda);
  kernels::run(kernels::RandomFill{.b = scale, .stream = {1, stream}, .y = a});
  return a;
}
Array empty(const Shape& shape, DType dtype) { return Array::empty(shape, dtype, Device::cuda); }

double seconds_of(const std::function<void()>& fn) {
  for (int i = 0; i < 4; ++i) fn();  // loading, tuning, first allocations
  cuda::synchronize();
  double begin = now();
  fn();
  cuda::synchronize();
  const int group = std::clamp(int(0.02 / std::max(1e-6, now() - begin)), 1, 200);
  std::vector<double> times;
  for (int g = 0; g < 7; ++g) {
    begin = now();
    for (int i = 0; i < group; ++i) fn();
    cuda::synchronize();
    times.push_back((now() - begin) / group);
  }
  std::nth_element(times.begin(), times.begin() + 3, times.end());
  return times[3];
}

}  // namespace genesis::bench
