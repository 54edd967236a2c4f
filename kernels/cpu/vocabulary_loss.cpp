#include "kernels/vocabulary_loss.h"

#include <cmath>
#include <limits>

#include "kernels/cpu/logit_gradient.h"
#include "kernels/cpu/row_exponentials.h"

namespace genesis::kernels {
namespace {

template <class T>
void forward(const VocabularyLossForward& op) {
  using A = accumulate_t<T>;
  const int64_t entries = op.weight.dim(0);
  const auto rows = supervised_rows(op.targets, op.total);
  const int64_t count = int64_t(rows.size());
  GENESIS_CHECK(op.stats.dim(0) == count, op.kName, ": stats has ", op.stats.dim(0), " rows, ", count,
                " tokens are supervised");
  constexpr bool kInPlace = std::is_same_v<T, A>;
  for_each_logit_row<T>(op, rows, [&](int64_t r, A* z) {  // z [entries]
    A* stats = op.stats.data<A>() + 3 * r;
    const int64_t target = op.targets.data<int32_t>()[rows[size_t(r)]] - op.first;
    stats[2] = target >= 0 && target < entries ? z[target] : -std::numeric_limits<A>::infinity();
    const auto e = row_exponentials<true>(z, entries);
    stats[0] = e.largest;
    stats[1] = A(e.sum);
    if (!op.kept.defined() || kInPlace) return;
    T* kept = op.kept.data<T>() + r * entries;
    for (int64_t v = 0; v < entries; ++v) kept[v] = T(z[v]);
  });
}

/// A token's lse and the logit of its target, from all parts in their order.
template <class A>
struct Combined {
  A lse, at_target;
  Combined(const A* stats, int64_t parts, int64_t stride) {
    A highest = -std::numeric_limits<A>::infinity();
    at_target = highest;
    for (int64_t p = 0; p < parts; ++p) {
      const A* s = stats + p * stride;
      if (s[0] > highest || s[0] != s[0]) highest = s[0];  // a NaN stays
      if (s[2] > at_target || s[2] != s[2]) at_target = s[2];
    }
    double sum = 0;
    for (int64_t p = 0; p < parts; ++p) {
      const A* s = stats + p * stride;
      sum += double(s[1]) * std::exp(double(s[0]) - double(highest));
    }
    lse = highest + A(std::log(sum));
  }
};

/// e^(z - highest) becomes the gradient of the loss.
template <class T, class A>
void finish_kept_row(T* kept, int64_t entries, A highest, const Combined<A>& token, int64_t target) {
  using K = accumulate_t<T>;
  const K factor = K(std::exp(double(highest) - double(token.lse)));
  for (int64_t v = 0; v < entries; ++v) kept[v] = T(K(kept[v]) * factor);
  if (target >= 0 && target < entries)
    kept[target] = T(K(std::exp(double(token.at_target) - double(token.lse)) - 1));
}

template <class A>
void finish(const VocabularyLossFinish& op) {
  const auto rows = supervised_rows(op.targets, op.total);
  const int64_t count = int64_t(rows.size()), parts = op.stats.dim(0), stride = 3 * count;
  GENESIS_CHECK(op.stats.dim(1) == count, op.kName, ": stats has ", op.stats.dim(1), " rows, ", count,
                " tokens are supervised");
  for (const Array* a : {&op.token_loss, &op.lse})
    if (a->defined()) std::fill_n(a->data<A>(), a->numel(), A(0));
  std::vector<A> losses(rows.size());
  parallel_for(count, 16, [&](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; ++r) {
      const A* own = op.stats.data<A>() + 3 * r;
      const Combined<A> token(own, parts, stride);
      const int64_t row = rows[size_t(r)];
      const A loss = losses[size_t(r)] = token.lse - token.at_target;
      if (op.lse.defined()) op.lse.data<A>()[row] = token.lse;
      if (op.token_loss.defined()) op.token_loss.data<A>()[row] = loss;
      if (!op.kept.defined()) continue;
      const int64_t target = op.targets.data<int32_t>()[row] - op.first, entries = op.kept.dim(1);
      dispatch_compute(op.kept.dtype(), [&](auto tag) {
        using T = decltype(tag);
        finish_kept_row(op.kept.data<T>() + r * entries, entries, own[op.part * stride], token, target);
      });
    }
  });
  double sum = 0;
  for (A loss : losses) sum += double(loss);
  op.loss_sum.data<A>()[0] = A(sum);
}

}  // namespace

void run_cpu(const VocabularyLossForward& op) {
  dispatch_compute(op.x.dtype(), [&](auto tag) { forward<decltype(tag)>(op); });
}

void run_cpu(const VocabularyLossFinish& op) {
  op.stats.dtype() == DType::f64 ? finish<double>(op) : finish<float>(op);
}

void run_cpu(const VocabularyLossBackward& op) {
  dispatch_compute(op.x.dtype(), [&](auto tag) { head_gradients<decltype(tag)>(op); });
}

}  // namespace genesis::kernels
