#include "kernels/linear_cross_entropy.h"

#include "kernels/contract.h"
#include "kernels/core/transfer.h"

namespace genesis::kernels {
namespace {

void expect_head(const char* op, const Array& x, const Array& weight, const Array& targets) {
  expect_computed(op, "x", x);
  expect_dtype(op, "weight", weight, x.dtype());
  GENESIS_CHECK(x.ndim() == 2 && weight.ndim() == 2 && x.dim(1) == weight.dim(1), op, ": x has shape ",
                to_string(x.shape()), ", weight ", to_string(weight.shape()), "; expected [N, H] and [V, H]");
  GENESIS_CHECK(weight.dim(0) > 0, op, ": the vocabulary is empty");
  expect_rows(op, "x", x, 2);
  expect_contiguous(op, "weight", weight);
  expect_shape(op, "targets", targets, {x.dim(0)});
  expect_dtype(op, "targets", targets, DType::i32);
  expect_contiguous(op, "targets", targets);
}

void expect_per_token(const char* op, const char* name, const Array& a, const Array& x) {
  expect_shape(op, name, a, {x.dim(0)});
  expect_dtype(op, name, a, accumulate_dtype(x.dtype()));
  expect_contiguous(op, name, a);
}

void expect_kept(const char* op, const Array& kept, const Array& x, const Array& weight) {
  GENESIS_CHECK(kept.ndim() == 2 && kept.dim(1) == weight.dim(0), op, ": kept has shape ",
                to_string(kept.shape()), ", the vocabulary is ", weight.dim(0));
  expect_dtype(op, "kept", kept, x.dtype());
  expect_contiguous(op, "kept", kept);
}

}  // namespace

int64_t count_supervised(const Array& targets, int64_t vocabulary) {
  int64_t count = 0;
  const Array host = on_device(targets, Device::cpu);
  const int32_t* t = host.data<int32_t>();
  for (int64_t n = 0; n < targets.numel(); ++n) {
    if (t[n] == kIgnoredTarget) continue;
    GENESIS_CHECK(t[n] >= 0 && t[n] < vocabulary, "linear_cross_entropy: the target of token ", n, " is ",
                  t[n], ", the vocabulary has ", vocabulary, " entries (", kIgnoredTarget, " means ignored)");
    ++count;
  }
  return count;
}

bool keeps_logit_gradient(int64_t supervised, int64_t vocabulary, DType dtype, Device device) {
  return supervised * vocabulary * size_of(dtype) <=
         (device == Device::cpu ? kKeptLogitsBytes : kKeptLogitsBytesOnCard);
}

void LinearCrossEntropyForward::check() const {
  expect_head(kName, x, weight, targets);
  GENESIS_CHECK(loss_sum.defined() && loss_sum.numel() == 1, kName, ": loss_sum must hold one element");
  expect_dtype(kName, "loss_sum", loss_sum, accumulate_dtype(x.dtype()));
  if (token_loss.defined()) expect_per_token(kName, "token_loss", token_loss, x);
  if (lse.defined()) expect_per_token(kName, "lse", lse, x);
  if (kept.defined()) expect_kept(kName, kept, x, weight);
}

void LinearCrossEntropyBackward::check() const {
  expect_head(kName, x, weight, targets);
  GENESIS_CHECK(kept.defined() || lse.defined(), kName, ": needs lse or kept");
  if (kept.defined()) {
    expect_kept(kName, kept, x, weight);
  } else {
    expect_per_token(kName, "lse", lse, x);
  }
  if (dx.defined()) {
    expect_shape(kName, "dx", dx, x.shape());
    expect_dtype(kName, "dx", dx, x.dtype());
    expect_rows(kName, "dx", dx, 2);
    expect_writable(kName, "dx", dx);
  }
  if (dweight.defined()) {
    expect_shape(kName, "dweight", dweight, weight.shape());
    expect_dtype_in(kName, "dweight", dweight, {x.dtype(), accumulate_dtype(x.dtype())});
    expect_contiguous(kName, "dweight", dweight);
  }
}

}  // namespace genesis::kernels
