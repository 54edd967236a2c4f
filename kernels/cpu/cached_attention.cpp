// The new keys and values are copied to their place; the rest is the attention of one query a text.
#include "kernels/cached_attention.h"

#include "kernels/attention.h"
#include "kernels/copy.h"

namespace genesis::kernels {

void run_cpu(const CachedAttention& o) {
  const int64_t texts = o.q.dim(0);
  const Array cu_q = Array::empty({texts + 1}, DType::i32);
  for (int64_t s = 0; s <= texts; ++s) cu_q.data<int32_t>()[s] = int32_t(s);
  for (int64_t s = 0; s < texts; ++s) {
    const int64_t end = int64_t(o.k_begin.data<int32_t>()[s]) + o.k_length.data<int32_t>()[s];
    run(Copy{.src = o.k.slice(0, s, s + 1), .dst = o.keys.slice(0, end - 1, end)});
    run(Copy{.src = o.v.slice(0, s, s + 1), .dst = o.values.slice(0, end - 1, end)});
  }
  run(AttentionForward{.q = o.q,
                       .k = o.keys,
                       .v = o.values,
                       .cu_q = cu_q,
                       .k_begin = o.k_begin,
                       .k_length = o.k_length,
                       .out = o.out,
                       .scale = o.scale});
}

}  // namespace genesis::kernels
