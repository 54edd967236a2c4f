#include "kernels/cross_entropy.h"

#include "kernels/contract.h"

namespace genesis::kernels {
namespace {

void check_rows(const char* op, const Array& logits, const Array& targets) {
  expect_rows(op, "logits", logits, 2);
  GENESIS_CHECK(logits.ndim() == 2, op, ": logits have shape ", to_string(logits.shape()),
                ", expected [N, V]");
  expect_computed(op, "logits", logits);
  expect_shape(op, "targets", targets, {logits.dim(0)});
  expect_dtype(op, "targets", targets, DType::i32);
  expect_contiguous(op, "targets", targets);
}

}  // namespace

void CrossEntropyForward::check() const {
  check_rows(kName, logits, targets);
  for (const auto* a : {&loss, &lse}) {
    expect_shape(kName, a == &loss ? "loss" : "lse", *a, targets.shape());
    expect_dtype(kName, a == &loss ? "loss" : "lse", *a, accumulate_dtype(logits.dtype()));
    expect_contiguous(kName, a == &loss ? "loss" : "lse", *a);
  }
}

void CrossEntropyBackward::check() const {
  check_rows(kName, logits, targets);
  expect_shape(kName, "dloss", dloss, targets.shape());
  expect_dtype(kName, "dloss", dloss, accumulate_dtype(logits.dtype()));
  expect_shape(kName, "lse", lse, targets.shape());
  expect_dtype(kName, "lse", lse, accumulate_dtype(logits.dtype()));
  expect_contiguous(kName, "lse", lse);
  expect_shape(kName, "dlogits", dlogits, logits.shape());
  expect_dtype(kName, "dlogits", dlogits, logits.dtype());
  expect_rows(kName, "dlogits", dlogits, 2);
}

}  // namespace genesis::kernels
