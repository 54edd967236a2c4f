#include "kernels/linear_cross_entropy.h"

#include <cmath>
#include <limits>
#include <vector>

#include "kernels/cpu/logit_gradient.h"

namespace genesis::kernels {
namespace {

constexpr int64_t kSumBlock = 1024;

/// ln sum e^z of a row. Sums run in f32 over blocks and in f64 between them. With kKeep the row becomes e^(z
/// - highest) and `inverse` 1 / its sum.
template <bool kKeep, class A>
A log_sum_exp(A* z, int64_t n, A& inverse) {
  A highest = -std::numeric_limits<A>::infinity();
#pragma omp simd reduction(max : highest)
  for (int64_t v = 0; v < n; ++v) highest = z[v] > highest ? z[v] : highest;
  double total = 0;
  for (int64_t v0 = 0; v0 < n; v0 += kSumBlock) {
    const int64_t width = std::min(kSumBlock, n - v0);
    A sum = 0;
#pragma omp simd reduction(+ : sum)
    for (int64_t v = v0; v < v0 + width; ++v) {
      const A e = vexp(z[v] - highest);
      if (kKeep) z[v] = e;
      sum += e;
    }
    total += double(sum);
  }
  inverse = A(1 / total);
  return highest + A(std::log(total));
}

template <class T>
void forward(const LinearCrossEntropyForward& op) {
  using A = accumulate_t<T>;
  const int64_t vocabulary = op.weight.dim(0);
  const auto rows = supervised_rows(op.targets, vocabulary);
  const int64_t count = int64_t(rows.size());
  GENESIS_CHECK(!op.kept.defined() || op.kept.dim(0) == count, op.kName, ": kept has ",
                op.kept.defined() ? op.kept.dim(0) : 0, " rows, ", count, " tokens are supervised");
  for (const Array* a : {&op.token_loss, &op.lse})
    if (a->defined()) std::fill_n(a->data<A>(), a->numel(), A(0));
  const int32_t* targets = op.targets.data<int32_t>();
  const int64_t step = std::min(count, chunk_rows(vocabulary, sizeof(A)));
  const bool in_place =
      op.kept.defined() && std::is_same_v<T, A>;  // the kept gradient is its own logits buffer
  const Array buffer = in_place || count == 0 ? Array() : workspace({step, vocabulary}, dtype_of<A>());
  Array gathered;
  std::vector<A> losses(rows.size());
  for (int64_t first = 0; first < count; first += step) {
    const int64_t here = std::min(step, count - first);
    const Array logits = in_place ? op.kept.slice(0, first, first + here) : buffer.slice(0, 0, here);
    logits_of(rows_of_chunk<T>(op.x, rows, first, here, gathered), op.weight, logits);
    parallel_for(here, 1, [&](int64_t begin, int64_t end) {
      for (int64_t r = begin; r < end; ++r) {
        A* z = logits.data<A>() + r * vocabulary;
        const int64_t row = rows[size_t(first + r)], target = targets[row];
        const A at_target = z[target];
        A inverse;
        const A lse = op.kept.defined() ? log_sum_exp<true>(z, vocabulary, inverse)
                                        : log_sum_exp<false>(z, vocabulary, inverse);
        losses[size_t(first + r)] = lse - at_target;
        if (op.lse.defined()) op.lse.data<A>()[row] = lse;
        if (op.token_loss.defined()) op.token_loss.data<A>()[row] = lse - at_target;
        if (op.kept.defined()) {
          T* g = op.kept.data<T>() + (first + r) * vocabulary;
          // The target's entry is p - 1: made before rounding, or a sure prediction would lose its gradient
          // in bf16.
          const A hit = z[target] * inverse - 1;
          for (int64_t v = 0; v < vocabulary; ++v) g[v] = T(z[v] * inverse);
          g[target] = T(hit);
        }
      }
    });
  }
  double sum = 0;
  for (A loss : losses) sum += double(loss);
  op.loss_sum.data<A>()[0] = A(sum);
}

}  // namespace

void run_cpu(const LinearCrossEntropyForward& op) {
  dispatch_compute(op.x.dtype(), [&](auto tag) { forward<decltype(tag)>(op); });
}

void run_cpu(const LinearCrossEntropyBackward& op) {
  const VocabularyLossBackward whole{.x = op.x,
                                     .weight = op.weight,
                                     .targets = op.targets,
                                     .first = 0,
                                     .total = op.weight.dim(0),
                                     .lse = op.lse,
                                     .kept = op.kept,
                                     .scale = op.scale,
                                     .dx = op.dx,
                                     .dweight = op.dweight,
                                     .accumulate_dweight = op.accumulate_dweight};
  dispatch_compute(op.x.dtype(), [&](auto tag) { head_gradients<decltype(tag)>(whole); });
}

}  // namespace genesis::kernels
