#include "kernels/attention_probs.h"

#include <cmath>
#include <limits>

#include "kernels/core/parallel_for.h"

namespace genesis::kernels {
namespace {

template <class T>
void probabilities(const AttentionProbs& op) {
  using A = accumulate_t<T>;
  const int64_t queries = op.q.dim(0), heads = op.q.dim(1), d = op.q.dim(2), keys = op.k.dim(0);
  const A scale = A(op.scale != 0 ? op.scale : 1.0 / std::sqrt(double(d)));
  parallel_for(heads * queries, 1, [&](int64_t begin, int64_t end) {
    for (int64_t task = begin; task < end; ++task) {
      const int64_t head = task / queries, i = task % queries, seen = keys - queries + i + 1;
      const T* query = op.q.data<T>() + i * op.q.strides()[0] + head * d;
      const T* key = op.k.data<T>() + head * op.k.dim(1) / heads * d;
      A* row = op.probs.data<A>() + task * keys;  // [keys]
      A highest = -std::numeric_limits<A>::infinity(), total = 0;
      for (int64_t m = 0; m < seen; ++m, key += op.k.strides()[0]) {
        A dot = 0;
        for (int64_t c = 0; c < d; ++c) dot += A(query[c]) * A(key[c]);
        row[m] = dot * scale;
        highest = std::max(highest, row[m]);
      }
      for (int64_t m = 0; m < seen; ++m) total += row[m] = std::exp(row[m] - highest);
      for (int64_t m = 0; m < seen; ++m) row[m] /= total;
      std::fill(row + seen, row + keys, A(0));
    }
  });
}

}  // namespace

void run_cpu(const AttentionProbs& op) {
  dispatch_compute(op.q.dtype(), [&](auto tag) { probabilities<decltype(tag)>(op); });
}

}  // namespace genesis::kernels
