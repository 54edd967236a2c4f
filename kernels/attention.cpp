#include "kernels/attention.h"

#include "kernels/contract.h"

namespace genesis::kernels {
namespace {

void expect_lengths(const char* op, const Array& cu_q, const Array& k_begin, const Array& k_length) {
  expect_dtype(op, "cu_q", cu_q, DType::i32);
  GENESIS_CHECK(cu_q.ndim() == 1 && cu_q.dim(0) >= 1, op, ": cu_q has shape ", to_string(cu_q.shape()),
                ", expected [sequences + 1]");
  const Shape per_sequence{cu_q.dim(0) - 1};
  expect_shape(op, "k_begin", k_begin, per_sequence);
  expect_shape(op, "k_length", k_length, per_sequence);
  expect_dtype(op, "k_begin", k_begin, DType::i32);
  expect_dtype(op, "k_length", k_length, DType::i32);
  for (const Array* a : {&cu_q, &k_begin, &k_length}) expect_contiguous(op, "an array of lengths", *a);
}

void expect_qkv(const char* op, const Array& q, const Array& k, const Array& v) {
  expect_computed(op, "q", q);
  GENESIS_CHECK(q.ndim() == 3 && k.defined() && k.ndim() == 3, op, ": q must be [N, A, d] and k [M, K, d]");
  GENESIS_CHECK(q.dim(2) > 0 && q.dim(2) % 2 == 0, op, ": the head dimension is ", q.dim(2),
                ", expected even");
  GENESIS_CHECK(k.dim(1) > 0 && q.dim(1) % k.dim(1) == 0, op, ": ", q.dim(1), " query heads do not share ",
                k.dim(1), " key/value heads evenly");
  expect_heads(op, "q", q, q.dtype(), q.dim(0), q.dim(1), q.dim(2));
  expect_heads(op, "k", k, q.dtype(), k.dim(0), k.dim(1), q.dim(2));
  expect_heads(op, "v", v, q.dtype(), k.dim(0), k.dim(1), q.dim(2));
}

}  // namespace

void AttentionForward::check() const {
  expect_qkv(kName, q, k, v);
  expect_heads(kName, "out", out, q.dtype(), q.dim(0), q.dim(1), q.dim(2));
  expect_writable(kName, "out", out);
  GENESIS_CHECK(scale >= 0, kName, ": the scale is ", scale, ", expected positive (0: 1 / sqrt(d))");
  expect_lengths(kName, cu_q, k_begin, k_length);
  if (lse.defined()) {
    expect_shape(kName, "lse", lse, {q.dim(1), q.dim(0)});
    expect_dtype(kName, "lse", lse, accumulate_dtype(q.dtype()));
    expect_contiguous(kName, "lse", lse);
  }
}

void AttentionBackward::check() const {
  expect_qkv(kName, q, k, v);
  GENESIS_CHECK(scale >= 0, kName, ": the scale is ", scale, ", expected positive (0: 1 / sqrt(d))");
  const int64_t rows = q.dim(0), heads = q.dim(1), d = q.dim(2);
  expect_heads(kName, "out", out, q.dtype(), rows, heads, d);
  expect_heads(kName, "dout", dout, q.dtype(), rows, heads, d);
  expect_heads(kName, "dq", dq, q.dtype(), rows, heads, d);
  expect_heads(kName, "dk", dk, q.dtype(), k.dim(0), k.dim(1), d);
  expect_heads(kName, "dv", dv, q.dtype(), k.dim(0), k.dim(1), d);
  for (const Array* a : {&dq, &dk, &dv}) expect_writable(kName, "a gradient", *a);
  expect_lengths(kName, cu_q, k_begin, k_length);
  expect_shape(kName, "lse", lse, {heads, rows});
  expect_dtype(kName, "lse", lse, accumulate_dtype(q.dtype()));
  expect_contiguous(kName, "lse", lse);
}

}  // namespace genesis::kernels
