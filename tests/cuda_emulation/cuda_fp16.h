#pragma once
#include "kernels/core/dtype.h"

struct __half {
  genesis::f16 value;
};
struct __half2 {
  __half x, y;
};
inline float __half2float(__half x) { return float(x.value); }
inline __half __float2half_rn(float x) { return {genesis::f16(x)}; }
inline __half2 __floats2half2_rn(float a, float b) { return {__float2half_rn(a), __float2half_rn(b)}; }
