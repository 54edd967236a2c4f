#pragma once
#include "kernels/cuda/device.cuh"

namespace genesis::kernels::cuda {

inline constexpr int kMaxDims = 6;

/// Element number -> place in each of N arrays of one shape, with dimensions merged where all N allow it.
template <int N>
struct StridedIndex {
  int dims = 0;
  int64_t count = 1;
  int64_t extent[kMaxDims] = {};  // innermost first
  int64_t stride[N][kMaxDims] = {};
  bool flat = true;  // every array's elements lie one behind the other

  struct Places {
    int64_t at[N];
  };
  __device__ Places operator()(int64_t i) const {
    Places p{};
#pragma unroll
    for (int d = 0; d < kMaxDims; ++d) {
      if (d >= dims) break;
      const int64_t k = i % extent[d];
      i /= extent[d];
#pragma unroll
      for (int n = 0; n < N; ++n) p.at[n] += k * stride[n][d];
    }
    return p;
  }
};

/// Errors: genesis::Error for more than kMaxDims dimensions that do not merge.
template <int N>
StridedIndex<N> strided_index(const char* op, const Shape& shape, const std::array<Shape, N>& strides) {
  StridedIndex<N> x;
  for (size_t d = shape.size(); d-- > 0;) {
    x.count *= shape[d];
    if (shape[d] == 1) continue;
    bool merges = x.dims > 0;
    for (int n = 0; n < N && merges; ++n)
      merges = strides[size_t(n)][d] == x.stride[n][x.dims - 1] * x.extent[x.dims - 1];
    if (merges) {
      x.extent[x.dims - 1] *= shape[d];
      continue;
    }
    GENESIS_CHECK(x.dims < kMaxDims, op, ": shape ", to_string(shape), " has more than ", kMaxDims,
                  " dimensions that are not contiguous");
    x.extent[x.dims] = shape[d];
    for (int n = 0; n < N; ++n) x.stride[n][x.dims] = strides[size_t(n)][d];
    ++x.dims;
  }
  for (int n = 0; n < N; ++n) x.flat = x.flat && (x.dims == 0 || (x.dims == 1 && x.stride[n][0] == 1));
  return x;
}

}  // namespace genesis::kernels::cuda
