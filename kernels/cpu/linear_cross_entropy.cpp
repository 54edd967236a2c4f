#include "kernels/linear_cross_entropy.h"

#include <cmath>
#include <vector>

#include "kernels/cpu/logit_gradient.h"
#include "kernels/cpu/row_exponentials.h"

namespace genesis::kernels {
namespace {

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
  std::vector<A> losses(rows.size());
  for_each_logit_row<T>(op, rows, [&](int64_t r, A* z) {  // z [V]
    const int64_t row = rows[size_t(r)], target = targets[row];
    const A at_target = z[target];
    const auto e =
        op.kept.defined() ? row_exponentials<true>(z, vocabulary) : row_exponentials<false>(z, vocabulary);
    const A lse = e.largest + A(std::log(e.sum)), inverse = A(1 / e.sum);
    losses[size_t(r)] = lse - at_target;
    if (op.lse.defined()) op.lse.data<A>()[row] = lse;
    if (op.token_loss.defined()) op.token_loss.data<A>()[row] = lse - at_target;
    if (!op.kept.defined()) return;
    T* g = op.kept.data<T>() + r * vocabulary;
    // The target's entry is p - 1: made before rounding, or a sure prediction would lose its gradient in
    // bf16.
    const A hit = z[target] * inverse - 1;
    for (int64_t v = 0; v < vocabulary; ++v) g[v] = T(z[v] * inverse);
    g[target] = T(hit);
  });
  double sum = 0;
  for (A loss : losses) sum += double(loss);
  op.loss_sum.data<A>()[0] = A(sum);
}

}  // namespace

void run_cpu(const LinearCrossEntropyForward& op) {
  dispatch_compute(op.x.dtype(), [&](auto tag) { forward<decltype(tag)>(op); });
}

void run_cpu(const LinearCrossEntropyBackward& op) {
  const VocabularyLossBackward whole = as_one_part(op);
  dispatch_compute(op.x.dtype(), [&](auto tag) { head_gradients<decltype(tag)>(whole); });
}

}  // namespace genesis::kernels
