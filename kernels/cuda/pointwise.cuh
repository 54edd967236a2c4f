#pragma once
// Element-by-element kernels over any strides: 8 elements a thread where all arrays are flat and aligned,
// else one.
#include "kernels/cuda/strided.cuh"

namespace genesis::kernels::cuda {

/// y = fn(x)
template <class X, class Y, class Fn>
__global__ void map_flat(const X* x, Y* y, int64_t n, bool aligned, Fn fn) {
  const int64_t step = int64_t(gridDim.x) * blockDim.x * kVector;
  for (int64_t i = (int64_t(blockIdx.x) * blockDim.x + threadIdx.x) * kVector; i < n; i += step) {
    float v[kVector];
    load(x, i, n, aligned, v);
#pragma unroll
    for (int j = 0; j < kVector; ++j) v[j] = fn(v[j]);
    store(y, i, n, aligned, v);
  }
}
template <class X, class Y, class Fn>
__global__ void map_strided(const X* x, Y* y, StridedIndex<2> index, Fn fn) {
  for (int64_t i = int64_t(blockIdx.x) * blockDim.x + threadIdx.x; i < index.count;
       i += int64_t(gridDim.x) * blockDim.x) {
    const auto p = index(i);
    y[p.at[1]] = narrow<Y>(fn(widen(x[p.at[0]])));
  }
}

/// y = fn(a, b)
template <class T, class Fn>
__global__ void map_two_flat(const T* a, const T* b, T* y, int64_t n, bool aligned, Fn fn) {
  const int64_t step = int64_t(gridDim.x) * blockDim.x * kVector;
  for (int64_t i = (int64_t(blockIdx.x) * blockDim.x + threadIdx.x) * kVector; i < n; i += step) {
    float u[kVector], v[kVector];
    load(a, i, n, aligned, u);
    load(b, i, n, aligned, v);
#pragma unroll
    for (int j = 0; j < kVector; ++j) u[j] = fn(u[j], v[j]);
    store(y, i, n, aligned, u);
  }
}
template <class T, class Fn>
__global__ void map_two_strided(const T* a, const T* b, T* y, StridedIndex<3> index, Fn fn) {
  for (int64_t i = int64_t(blockIdx.x) * blockDim.x + threadIdx.x; i < index.count;
       i += int64_t(gridDim.x) * blockDim.x) {
    const auto p = index(i);
    y[p.at[2]] = narrow<T>(fn(widen(a[p.at[0]]), widen(b[p.at[1]])));
  }
}

inline bool starts_aligned(const Array& a) { return reinterpret_cast<uintptr_t>(a.raw()) % 16 == 0; }

template <class X, class Y, class Fn>
void map(const char* name, const Array& x, const Array& y, Fn fn) {
  const auto index = strided_index<2>(name, y.shape(), {x.strides(), y.strides()});
  if (index.flat)
    return launch(name, grid_for((index.count + kVector - 1) / kVector), map_flat<X, Y, Fn>, pointer<X>(x),
                  pointer<Y>(y), index.count, starts_aligned(x) && starts_aligned(y), fn);
  launch(name, grid_for(index.count), map_strided<X, Y, Fn>, pointer<X>(x), pointer<Y>(y), index, fn);
}

/// `a` and `b` have y's shape (expanded views where they repeat).
template <class T, class Fn>
void map_two(const char* name, const Array& a, const Array& b, const Array& y, Fn fn) {
  const auto index = strided_index<3>(name, y.shape(), {a.strides(), b.strides(), y.strides()});
  if (index.flat)
    return launch(name, grid_for((index.count + kVector - 1) / kVector), map_two_flat<T, Fn>, pointer<T>(a),
                  pointer<T>(b), pointer<T>(y), index.count,
                  starts_aligned(a) && starts_aligned(b) && starts_aligned(y), fn);
  launch(name, grid_for(index.count), map_two_strided<T, Fn>, pointer<T>(a), pointer<T>(b), pointer<T>(y),
         index, fn);
}

}  // namespace genesis::kernels::cuda
