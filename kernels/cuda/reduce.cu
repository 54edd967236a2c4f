// A block an output: threads walk the terms of it with stride 256, then lanes, then warps: an order fixed by the shape.
// s bytes per element, read once; made for losses and for gradients of broadcast inputs, not for the hot path.
// Share of peak: not measured.
#include "kernels/reduce.h"

#include "kernels/cuda/strided.cuh"

namespace genesis::kernels {
namespace {

using namespace cuda;

template <class T, class Y>
__global__ void reduce(const T* x, StridedIndex<1> outputs, StridedIndex<1> terms, bool largest, float factor, Y* y) {
  __shared__ float scratch[33];
  const T* from = x + outputs(blockIdx.x).at[0];
  float total = largest ? -INFINITY : 0.0f;
  bool nan = false;
  for (int64_t i = threadIdx.x; i < terms.count; i += blockDim.x) {
    const float v = widen(from[terms(i).at[0]]);
    nan = nan || v != v;
    total = largest ? fmaxf(total, v) : total + v;
  }
  total = largest ? block_max(total, scratch) : block_sum(total, scratch);
  const float nans = block_sum(nan ? 1.0f : 0.0f, scratch);
  if (threadIdx.x == 0) y[blockIdx.x] = narrow<Y>(largest && nans > 0 ? NAN : total * factor);
}

}  // namespace

void run_cuda(const Reduce& o) {
  if (o.y.numel() == 0) return;
  const auto reduced = reduced_dimensions(o.x.ndim(), o.dims);
  Shape kept, kept_strides, gone, gone_strides;
  for (size_t d = 0; d < reduced.size(); ++d) {
    (reduced[d] ? gone : kept).push_back(o.x.shape()[d]);
    (reduced[d] ? gone_strides : kept_strides).push_back(o.x.strides()[d]);
  }
  const auto outputs = strided_index<1>(o.kName, kept, {kept_strides});
  const auto terms = strided_index<1>(o.kName, gone, {gone_strides});
  const bool largest = o.kind == ReduceKind::max;
  const float factor = o.kind == ReduceKind::mean ? 1.0f / float(terms.count) : 1.0f;  // of nothing: 0 inf = NaN
  dispatch_device(o.x.dtype(), [&](auto tag) {
    using T = decltype(tag);
    dispatch_own_or_float<T>(o.y.dtype(), [&](auto out) {
      using Y = decltype(out);
      launch(o.kName, {.blocks = outputs.count}, reduce<T, Y>, pointer<T>(o.x), outputs, terms, largest, factor,
             pointer<Y>(o.y));
    });
  });
}

}  // namespace genesis::kernels
