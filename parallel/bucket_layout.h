#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "kernels/core/dtype.h"

namespace genesis::parallel {

/// What a bucket layout needs to know of a parameter.
struct ParameterSize {
  int64_t count = 0;            ///< elements
  DType gradient = DType::f32;  ///< type its gradient is summed in
  DType weight = DType::f32;    ///< type its value is gathered in (ZeRO); the gradient's otherwise
};

/// Where a parameter lies in its bucket.
struct BucketMember {
  size_t parameter = 0;
  int64_t offset = 0, count = 0;  ///< elements [offset, offset + count) of the bucket
};

/// A flat run of gradients that are reduced in one call, and, under ZeRO, of weights gathered in one call.
struct BucketShape {
  DType gradient = DType::f32, weight = DType::f32;
  int64_t count = 0;  ///< elements, padding included; a multiple of the number of shards
  std::vector<BucketMember> members;

  int64_t gradient_bytes() const { return count * size_of(gradient); }
  int64_t weight_bytes() const { return count * size_of(weight); }
};

/// Cuts parameters into buckets of about `bucket_bytes` of gradients, the last parameters first, since
/// backward meets them first. A parameter that is larger has a bucket to itself. Parameters of different
/// types lie in different buckets; buckets stand in the order in which backward completes them.
///   Every member starts on a cache line; with `shards` > 1 every rank's equal slice does too.
/// Determinism: a function of its arguments, the same on every rank and in `genesis plan`.
std::vector<BucketShape> bucket_layout(std::span<const ParameterSize> parameters, int64_t bucket_bytes,
                                       int shards);

/// Elements [begin, end) of a parameter that lie in a rank's slice of a bucket.
struct OwnedSlice {
  size_t bucket = 0, parameter = 0;
  int64_t begin = 0, end = 0;  ///< of the parameter
  int64_t offset = 0;          ///< place of `begin` in the bucket
};

/// What rank `rank` of `shards` owns: of each bucket the elements [rank, rank + 1) * count / shards. The
/// slices of all ranks tile every parameter. In the order of the buckets and of their members.
std::vector<OwnedSlice> owned_slices(std::span<const BucketShape> buckets, int rank, int shards);

}  // namespace genesis::parallel
