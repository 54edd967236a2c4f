#include "autograd/nn/init.h"

#include "kernels/accumulate.h"
#include "kernels/core/parallel_for.h"
#include "kernels/core/rng.h"

namespace genesis::nn::init {

uint64_t stream_of_name(std::string_view name) {
  uint64_t h = 0xcbf29ce484222325u;
  for (unsigned char c : name) h = (h ^ c) * 0x100000001b3u;
  return h;
}

void normal_(const Tensor& t, double std, uint64_t seed, std::string_view name) {
  const Array& a = t.value();
  GENESIS_CHECK(a.is_contiguous() && is_floating(a.dtype()),
                "normal_: a contiguous floating tensor is needed");
  const RandomStream stream{seed, stream_of_name(name)};
  dispatch_compute(a.dtype(), [&](auto tag) {
    using T = decltype(tag);
    T* p = a.data<T>();
    const int64_t n = a.numel();
    parallel_for((n + 1) / 2, 1 << 12, [=](int64_t begin, int64_t end) {
      for (int64_t pair = begin; pair < end; ++pair) {
        const auto z = normal_pair(stream, uint64_t(pair));
        p[2 * pair] = T(accumulate_t<T>(std * z[0]));
        if (2 * pair + 1 < n) p[2 * pair + 1] = T(accumulate_t<T>(std * z[1]));
      }
    });
  });
  a.storage().bump_version();
}

void constant_(const Tensor& t, double value) {
  kernels::run(kernels::Accumulate{
      .src = Array::full(t.shape(), value, t.dtype()), .dst = t.value(), .overwrite = true});
  t.value().storage().bump_version();
}

}  // namespace genesis::nn::init
