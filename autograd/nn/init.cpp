#include "autograd/nn/init.h"

#include <algorithm>

#include "kernels/core/parallel_for.h"
#include "kernels/core/rng.h"
#include "kernels/core/run.h"
#include "kernels/fill.h"
#include "kernels/random_fill.h"

namespace genesis::nn::init {

uint64_t stream_of_name(std::string_view name) {
  uint64_t h = 0xcbf29ce484222325u;
  for (unsigned char c : name) h = (h ^ c) * 0x100000001b3u;
  return h;
}

void normal_(const Tensor& t, double std, uint64_t seed, std::string_view name) {
  GENESIS_CHECK(t.value().is_contiguous() && is_floating(t.dtype()),
                "normal_: a contiguous floating tensor is needed");
  const int64_t columns = std::max<int64_t>(1, t.ndim() == 0 ? 1 : t.size(-1));
  normal_part(t.value().view({t.numel() / columns, columns}), 0, columns, std, seed, name);
}

void normal_part(const Array& part, int64_t first_element, int64_t stride, double std, uint64_t seed,
                 std::string_view name) {
  GENESIS_CHECK(part.ndim() == 2 && (part.dim(1) <= 1 || part.strides()[1] == 1),
                "normal_part: rows of a matrix are needed, not ", to_string(part.shape()));
  const RandomStream stream{seed, stream_of_name(name)};
  if (part.device() != Device::cpu) {
    // One call where the rows lie behind one another in the stream and in memory, else one a row.
    const bool whole = part.is_contiguous() && stride == part.dim(1);
    for (int64_t r = 0; r < (whole ? 1 : part.dim(0)); ++r)
      kernels::run(kernels::RandomFill{.b = std,
                                       .stream = stream,
                                       .first_element = uint64_t(first_element + r * stride),
                                       .y = whole ? part : part.slice(0, r, r + 1)});
    part.storage().bump_version();
    return;
  }
  dispatch_compute(part.dtype(), [&](auto tag) {
    using T = decltype(tag);
    T* const data = part.data<T>();
    const int64_t columns = part.dim(1), row_stride = part.strides()[0];
    parallel_for(part.dim(0), std::max<int64_t>(1, (1 << 13) / std::max<int64_t>(1, columns)),
                 [=](int64_t begin, int64_t end) {
                   for (int64_t r = begin; r < end; ++r) {
                     T* const row = data + r * row_stride;
                     const int64_t first = first_element + r * stride;  // of this row in the stream
                     for (int64_t pair = first / 2; 2 * pair < first + columns; ++pair) {
                       const auto z = normal_pair(stream, uint64_t(pair));
                       for (const int64_t e : {2 * pair, 2 * pair + 1})
                         if (e >= first && e < first + columns)
                           row[e - first] = T(accumulate_t<T>(std * z[size_t(e & 1)]));
                     }
                   }
                 });
  });
  part.storage().bump_version();
}

void constant_(const Tensor& t, double value) {
  kernels::run(kernels::Fill{.dst = t.value(), .value = value});
  t.value().storage().bump_version();
}

}  // namespace genesis::nn::init
