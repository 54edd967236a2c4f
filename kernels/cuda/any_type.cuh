#pragma once
#include "kernels/cuda/device.cuh"

namespace genesis::kernels::cuda {

/// An element of any dtype as a double and back, by a switch: for what is not worth a kernel per pair of
/// types. f64 goes to narrower floats through f32; to integers it is cut towards 0. i64 beyond 2^53 loses its
/// last bits.
__device__ inline double read_any(const void* p, DType t, int64_t i) {
  switch (t) {
    case DType::f64:
      return static_cast<const double*>(p)[i];
    case DType::f32:
      return double(static_cast<const float*>(p)[i]);
    case DType::bf16:
      return double(widen(static_cast<const DeviceBf16*>(p)[i]));
    case DType::f16:
      return double(widen(static_cast<const DeviceF16*>(p)[i]));
    case DType::i64:
      return double(static_cast<const int64_t*>(p)[i]);
    case DType::i32:
      return double(static_cast<const int32_t*>(p)[i]);
    case DType::u8:
      break;
  }
  return double(static_cast<const uint8_t*>(p)[i]);
}

__device__ inline void write_any(void* p, DType t, int64_t i, double x) {
  switch (t) {
    case DType::f64:
      static_cast<double*>(p)[i] = x;
      return;
    case DType::f32:
      static_cast<float*>(p)[i] = float(x);
      return;
    case DType::bf16:
      static_cast<DeviceBf16*>(p)[i] = narrow<DeviceBf16>(float(x));
      return;
    case DType::f16:
      static_cast<DeviceF16*>(p)[i] = narrow<DeviceF16>(float(x));
      return;
    case DType::i64:
      static_cast<int64_t*>(p)[i] = int64_t(x);
      return;
    case DType::i32:
      static_cast<int32_t*>(p)[i] = int32_t(x);
      return;
    case DType::u8:
      break;
  }
  static_cast<uint8_t*>(p)[i] = uint8_t(x);
}

}  // namespace genesis::kernels::cuda
