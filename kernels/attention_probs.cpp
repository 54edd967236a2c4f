#include "kernels/attention_probs.h"

#include "kernels/contract.h"

namespace genesis::kernels {

void AttentionProbs::check() const {
  expect_computed(kName, "q", q);
  GENESIS_CHECK(q.ndim() == 3 && k.defined() && k.ndim() == 3 && q.dim(2) == k.dim(2), kName,
                ": q must be [Lq, A, d] and k [Lk, K, d]");
  expect_dtype(kName, "k", k, q.dtype());
  GENESIS_CHECK(k.dim(0) >= q.dim(0), kName, ": ", q.dim(0), " queries and only ", k.dim(0), " keys");
  GENESIS_CHECK(k.dim(1) > 0 && q.dim(1) % k.dim(1) == 0, kName, ": ", q.dim(1), " query heads do not share ",
                k.dim(1), " key heads evenly");
  for (const Array* x : {&q, &k})
    GENESIS_CHECK(
        (x->dim(1) <= 1 || x->strides()[1] == x->dim(2)) && (x->dim(2) <= 1 || x->strides()[2] == 1), kName,
        ": the heads of a row must lie beside each other");
  expect_shape(kName, "probs", probs, {q.dim(1), q.dim(0), k.dim(0)});
  expect_dtype(kName, "probs", probs, accumulate_dtype(q.dtype()));
  expect_contiguous(kName, "probs", probs);
}

}  // namespace genesis::kernels
