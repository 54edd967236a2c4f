#include "kernels/cached_attention.h"

#include "kernels/contract.h"

namespace genesis::kernels {

void CachedAttention::check() const {
  GENESIS_CHECK(
      q.defined() && q.ndim() == 3 && k.defined() && k.ndim() == 3 && keys.defined() && keys.ndim() == 3,
      kName, ": q must be [S, A, d], k [S, K, d] and keys [M, K, d]");
  const int64_t texts = q.dim(0), heads = q.dim(1), kv_heads = k.dim(1), d = q.dim(2);
  expect_computed(kName, "q", q);
  GENESIS_CHECK(d > 0 && d % 2 == 0 && d <= kLargestHeadDim, kName, ": the head dimension is ", d,
                ", expected even and at most ", kLargestHeadDim);
  GENESIS_CHECK(kv_heads > 0 && heads % kv_heads == 0, kName, ": ", heads, " query heads do not share ",
                kv_heads, " key/value heads evenly");
  expect_heads(kName, "q", q, q.dtype(), texts, heads, d);
  expect_heads(kName, "out", out, q.dtype(), texts, heads, d);
  expect_writable(kName, "out", out);
  for (const Array* a : {&k, &v})
    expect_heads(kName, "a new key or value", *a, q.dtype(), texts, kv_heads, d);
  for (const Array* a : {&keys, &values}) {
    expect_heads(kName, "the cache", *a, q.dtype(), keys.dim(0), kv_heads, d);
    expect_contiguous(kName, "the cache", *a);
  }
  GENESIS_CHECK(scale >= 0, kName, ": the scale is ", scale, ", expected positive (0: 1 / sqrt(d))");
  for (const Array* a : {&k_begin, &k_length}) {
    expect_shape(kName, "an array of lengths", *a, {texts});
    expect_dtype(kName, "an array of lengths", *a, DType::i32);
    expect_contiguous(kName, "an array of lengths", *a);
    GENESIS_CHECK(a->device() == Device::cpu, kName, ": lengths are given on the CPU");
  }
  for (int64_t s = 0; s < texts; ++s) {
    const int64_t begin = k_begin.data<int32_t>()[s], length = k_length.data<int32_t>()[s];
    GENESIS_CHECK(begin >= 0 && length >= 1 && length <= longest && begin + length <= keys.dim(0), kName,
                  ": text ", s, " has ", length, " keys from row ", begin, " of a cache of ", keys.dim(0),
                  "; ", longest, " is the longest");
  }
}

}  // namespace genesis::kernels
