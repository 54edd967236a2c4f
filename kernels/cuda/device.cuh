#pragma once
// What every kernel is written with: conversions, 16-byte accesses, sums in a fixed order.
#include <cuda_bf16.h>
#include <cuda_fp16.h>

#include <type_traits>

#include "kernels/core/array.h"
#include "kernels/cuda/dynamic_shared.cuh"
#include "kernels/cuda/launch.cuh"
#include "kernels/cuda/vector_access.cuh"

namespace genesis::kernels::cuda {

using DeviceBf16 = __nv_bfloat16;
using DeviceF16 = __half;

/// Calls fn with a value of the device type behind `t`. Types: f32, bf16, f16 (f64 is the CPU's).
template <class Fn>
decltype(auto) dispatch_device(DType t, Fn&& fn) {
  switch (t) {
    case DType::f32:
      return fn(float{});
    case DType::bf16:
      return fn(DeviceBf16{});
    case DType::f16:
      return fn(DeviceF16{});
    default:
      genesis::detail::fail<Error>(__FILE_NAME__, __LINE__, "", "dtype ", name_of(t),
                                   " is not computed on a card; use f32, bf16 or f16");
  }
}

/// As dispatch_device for `own`, with fn(float{}) when `t` is f32 and fn(T{}) otherwise.
template <class T, class Fn>
decltype(auto) dispatch_own_or_float(DType t, Fn&& fn) {
  if (t == DType::f32) return fn(float{});
  return fn(T{});
}

template <class T>
T* pointer(const Array& a) {
  return a.defined() && a.numel() > 0 ? static_cast<T*>(a.raw()) : nullptr;
}

__device__ inline float widen(float x) { return x; }
__device__ inline float widen(DeviceBf16 x) { return __bfloat162float(x); }
__device__ inline float widen(DeviceF16 x) { return __half2float(x); }
template <class T>
__device__ inline T narrow(float x) {
  if constexpr (std::is_same_v<T, DeviceBf16>)
    return __float2bfloat16_rn(x);
  else if constexpr (std::is_same_v<T, DeviceF16>)
    return __float2half_rn(x);
  else
    return x;
}
/// x as a value of T would keep it.
template <class T>
__device__ inline float round_to(float x) {
  return widen(narrow<T>(x));
}

/// Elements a thread takes at a time: 16 bytes of bf16 or f16, 32 of f32.
inline constexpr int kVector = 8;

/// Values of T in the 16 bytes that one access moves.
template <class T>
inline constexpr int kPer16Bytes = 16 / int(sizeof(T));

/// Two values of a 16-bit type side by side, the first in the low half.
template <class T>
__device__ inline uint32_t pack_two(float low, float high) {
  uint32_t two;
  if constexpr (std::is_same_v<T, DeviceBf16>) {
    const __nv_bfloat162 values = __floats2bfloat162_rn(low, high);
    memcpy(&two, &values, 4);
  } else {
    const __half2 values = __floats2half2_rn(low, high);
    memcpy(&two, &values, 4);
  }
  return two;
}
template <class T>
__device__ inline void unpack_two(uint32_t two, float& low, float& high) {
  if constexpr (std::is_same_v<T, DeviceBf16>) {
    low = __uint_as_float(two << 16);
    high = __uint_as_float(two & 0xffff0000u);
  } else {
    __half2 values;
    memcpy(static_cast<void*>(&values), &two, 4);
    low = __half2float(values.x);
    high = __half2float(values.y);
  }
}

/// The values of 16 bytes as floats, and back.
template <class T>
__device__ inline void unpack(const uint4& words, float* out) {
  const uint32_t word[4] = {words.x, words.y, words.z, words.w};
#pragma unroll
  for (int w = 0; w < 4; ++w) {
    if constexpr (sizeof(T) == 4)
      out[w] = __uint_as_float(word[w]);
    else
      unpack_two<T>(word[w], out[2 * w], out[2 * w + 1]);
  }
}
template <class T>
__device__ inline uint4 pack(const float* in) {
  uint32_t word[4];
#pragma unroll
  for (int w = 0; w < 4; ++w) {
    if constexpr (sizeof(T) == 4)
      word[w] = __float_as_uint(in[w]);
    else
      word[w] = pack_two<T>(in[2 * w], in[2 * w + 1]);
  }
  return {word[0], word[1], word[2], word[3]};
}

/// Whether rows of `a` (all its leading strides) can be read 16 bytes at a time.
inline bool is_aligned(const Array& a) {
  if (!a.defined() || a.numel() == 0) return true;
  const int64_t size = size_of(a.dtype());
  if (reinterpret_cast<uintptr_t>(a.raw()) % 16 != 0) return false;
  for (int64_t d = 0; d + 1 < a.ndim(); ++d)
    if (a.dim(d) > 1 && a.strides()[size_t(d)] * size % 16 != 0) return false;
  return true;
}

/// N elements from p[i], widened; those at n and beyond are 0. `aligned`: p + i lies on 16 bytes.
template <int N, class T>
__device__ inline void load(const T* p, int64_t i, int64_t n, bool aligned, float (&out)[N]) {
  constexpr int kStep = kPer16Bytes<T>;
  static_assert(N % kStep == 0);
  if (aligned && i + N <= n) {
#pragma unroll
    for (int k = 0; k < N; k += kStep) unpack<T>(load_16_bytes(p + i + k), out + k);
  } else {
#pragma unroll
    for (int k = 0; k < N; ++k) out[k] = i + k < n ? widen(p[i + k]) : 0.0f;
  }
}

template <int N, class T>
__device__ inline void store(T* p, int64_t i, int64_t n, bool aligned, const float (&in)[N]) {
  constexpr int kStep = kPer16Bytes<T>;
  static_assert(N % kStep == 0);
  if (aligned && i + N <= n) {
#pragma unroll
    for (int k = 0; k < N; k += kStep) store_16_bytes(p + i + k, pack<T>(in + k));
  } else {
#pragma unroll
    for (int k = 0; k < N; ++k)
      if (i + k < n) p[i + k] = narrow<T>(in[k]);
  }
}

/// kVector neighbouring values as they lie in memory. Loads that are to be under way together go into these,
/// and are widened behind the last of them.
template <class T>
struct RawVector {
  static constexpr int kWords = kVector / kPer16Bytes<T>;
  uint4 words[kWords] = {};
  /// Of kVector values on 16 bytes.
  __device__ void load_whole(const T* p) {
#pragma unroll
    for (int w = 0; w < kWords; ++w) words[w] = load_16_bytes(p + w * kPer16Bytes<T>);
  }
  /// As load().
  __device__ void load_from(const T* p, int64_t i, int64_t n, bool aligned) {
    if (aligned && i + kVector <= n) return load_whole(p + i);
    float v[kVector];
    load(p, i, n, false, v);
#pragma unroll
    for (int w = 0; w < kWords; ++w) words[w] = pack<T>(v + w * kPer16Bytes<T>);
  }
  __device__ void widened(float (&v)[kVector]) const {
#pragma unroll
    for (int w = 0; w < kWords; ++w) unpack<T>(words[w], v + w * kPer16Bytes<T>);
  }
};

/// Sum (or largest) over the 32 lanes of a warp, in every lane.
__device__ inline float warp_sum(float x) {
#pragma unroll
  for (int step = 16; step > 0; step /= 2) x += __shfl_xor_sync(0xffffffffu, x, step);
  return x;
}
__device__ inline double warp_sum(double x) {
#pragma unroll
  for (int step = 16; step > 0; step /= 2) x += __shfl_xor_sync(0xffffffffu, x, step);
  return x;
}
__device__ inline float warp_max(float x) {
#pragma unroll
  for (int step = 16; step > 0; step /= 2) x = fmaxf(x, __shfl_xor_sync(0xffffffffu, x, step));
  return x;
}

/// What `of_warp` makes of the values of blockDim.x threads (a multiple of 32), in an order that depends on
/// blockDim alone; in every thread. `neutral` changes nothing. `scratch` [33] in shared memory; every thread
/// of the block calls it.
template <class A, class OfWarp>
__device__ inline A block_reduce(A x, A* scratch, A neutral, OfWarp of_warp) {
  x = of_warp(x);
  const int warps = int(blockDim.x) / 32;
  if (warps == 1) return x;
  if (threadIdx.x % 32 == 0) scratch[threadIdx.x / 32] = x;
  __syncthreads();
  if (threadIdx.x < 32) {
    const A all = of_warp(int(threadIdx.x) < warps ? scratch[threadIdx.x] : neutral);
    if (threadIdx.x == 0) scratch[32] = all;
  }
  __syncthreads();
  x = scratch[32];
  __syncthreads();
  return x;
}
template <class A>
__device__ inline A block_sum(A x, A* scratch) {
  return block_reduce(x, scratch, A(0), [](A v) { return warp_sum(v); });
}
__device__ inline float block_max(float x, float* scratch) {
  return block_reduce(x, scratch, -INFINITY, [](float v) { return warp_max(v); });
}

/// Threads of a block that handle one row of `width`: one step of kVector each where possible, whole warps.
inline int row_threads(int64_t width) {
  const int64_t wanted = (width + kVector - 1) / kVector;
  return int(std::clamp<int64_t>((wanted + 31) / 32 * 32, 32, 1024));
}

/// Where row r of an array with any two leading strides begins. inner: rows of the second level, 0 when there
/// is one level, which needs no division.
struct RowMap {
  int64_t inner = 0, inner_stride = 0, outer_stride = 0;
  __host__ __device__ int64_t at(int64_t r) const {
    if (inner == 0) return r * inner_stride;
    return r / inner * outer_stride + r % inner * inner_stride;
  }
};

/// Errors: genesis::Error when the leading dimensions cannot be walked with two strides.
inline RowMap rows_of(const char* op, const Array& a) {
  RowMap map;
  int64_t extents[2] = {1, 1}, strides[2] = {0, 0};
  int used = 0;
  for (int64_t d = a.ndim() - 2; d >= 0; --d) {
    const int64_t extent = a.dim(d), stride = a.strides()[size_t(d)];
    if (extent == 1) continue;
    if (used > 0 && stride == strides[used - 1] * extents[used - 1]) {
      extents[used - 1] *= extent;
      continue;
    }
    GENESIS_CHECK(used < 2, op, ": rows of shape ", to_string(a.shape()), " with strides ",
                  to_string(a.strides()), " are not laid out in at most two levels");
    extents[used] = extent;
    strides[used++] = stride;
  }
  map.inner = used == 2 ? extents[0] : 0;
  map.inner_stride = strides[0];
  map.outer_stride = strides[1];
  return map;
}

/// Philox4x32-10, as kernels/core/rng.h.
struct Words {
  uint32_t w[4];
};
__device__ inline Words philox_words(uint64_t key, uint64_t high, uint64_t low) {
  uint32_t c0 = uint32_t(low), c1 = uint32_t(low >> 32), c2 = uint32_t(high), c3 = uint32_t(high >> 32);
  uint32_t k0 = uint32_t(key), k1 = uint32_t(key >> 32);
#pragma unroll
  for (int round = 0; round < 10; ++round) {
    const uint32_t h0 = __umulhi(0xD2511F53u, c0), l0 = 0xD2511F53u * c0;
    const uint32_t h1 = __umulhi(0xCD9E8D57u, c2), l1 = 0xCD9E8D57u * c2;
    const uint32_t n0 = h1 ^ c1 ^ k0, n2 = h0 ^ c3 ^ k1;
    c1 = l1;
    c3 = l0;
    c0 = n0;
    c2 = n2;
    k0 += 0x9E3779B9u;
    k1 += 0xBB67AE85u;
  }
  return {{c0, c1, c2, c3}};
}

}  // namespace genesis::kernels::cuda
