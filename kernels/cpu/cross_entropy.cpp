#include "kernels/cross_entropy.h"

#include <algorithm>
#include <cmath>

#include "kernels/core/parallel_for.h"
#include "kernels/cpu/rows.h"
#include "kernels/cpu/softmax_row.h"
#include "kernels/cpu/store.h"

// Threads own rows. Forward reads a row once from memory and once more from cache; backward reads and writes
// it once.
namespace genesis::kernels {
namespace {

template <class T>
void forward(const CrossEntropyForward& o) {
  using A = accumulate_t<T>;
  const int64_t width = o.logits.dim(1), rows = o.logits.dim(0);
  const Rows<T> logits(o.logits);
  const int32_t* target = o.targets.data<int32_t>();
  A *loss = o.loss.data<A>(), *lse = o.lse.data<A>();
  parallel_for(rows, row_grain(4 * width), [&](int64_t begin, int64_t end) {
    for (int64_t n = begin; n < end; ++n) {
      loss[n] = lse[n] = A(0);
      if (target[n] == o.ignore_index) continue;
      const T* x = logits[n];
      const A top = row_max(x, width);
      const A log_sum = std::log(row_exp_sum(x, width, top));
      lse[n] = top + log_sum;
      loss[n] = log_sum + (top - A(x[target[n]]));  // in this order a confident row keeps its small loss
    }
  });
}

template <class T>
void backward(const CrossEntropyBackward& o) {
  using A = accumulate_t<T>;
  const int64_t width = o.logits.dim(1), rows = o.logits.dim(0);
  const Rows<T> logits(o.logits), dlogits(o.dlogits);
  const int32_t* target = o.targets.data<int32_t>();
  const A *dloss = o.dloss.data<A>(), *lse = o.lse.data<A>();
  const int64_t step = o.dloss.strides()[0];
  parallel_for(rows, row_grain(4 * width), [&](int64_t begin, int64_t end) {
    for (int64_t n = begin; n < end; ++n) {
      T* to = dlogits[n];
      if (target[n] == o.ignore_index) {
        std::fill_n(to, width, T{});
        continue;
      }
      const T* x = logits[n];
      const A seed = dloss[n * step], shift = lse[n], hit = vexp(A(x[target[n]]) - shift);
#pragma omp simd
      for (int64_t v = 0; v < width; ++v) store(to[v], seed * vexp(A(x[v]) - shift));
      store(to[target[n]], seed * (hit - A(1)));
    }
  });
}

void expect_targets(const char* op, const Array& targets, int32_t ignore_index, int64_t classes) {
  const int32_t* target = targets.numel() > 0 ? targets.data<int32_t>() : nullptr;
  for (int64_t n = 0; n < targets.numel(); ++n)
    GENESIS_CHECK(target[n] == ignore_index || (target[n] >= 0 && target[n] < classes), op, ": targets[", n,
                  "] = ", target[n], " is outside [0, ", classes, ") and not ", ignore_index);
}

}  // namespace

void run_cpu(const CrossEntropyForward& o) {
  expect_targets(CrossEntropyForward::kName, o.targets, o.ignore_index, o.logits.dim(1));
  if (o.targets.numel() == 0) return;
  dispatch_compute(o.logits.dtype(), [&](auto tag) { forward<decltype(tag)>(o); });
}

void run_cpu(const CrossEntropyBackward& o) {
  expect_targets(CrossEntropyBackward::kName, o.targets, o.ignore_index, o.logits.dim(1));
  if (o.logits.numel() == 0) return;
  dispatch_compute(o.logits.dtype(), [&](auto tag) { backward<decltype(tag)>(o); });
}

}  // namespace genesis::kernels
