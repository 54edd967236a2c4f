#pragma once
#include "kernels/core/dtype.h"

struct __nv_bfloat16 {
  genesis::bf16 value;
};
struct __nv_bfloat162 {
  __nv_bfloat16 x, y;
};
inline float __bfloat162float(__nv_bfloat16 x) { return float(x.value); }
inline __nv_bfloat16 __float2bfloat16_rn(float x) { return {genesis::bf16(x)}; }
inline __nv_bfloat162 __floats2bfloat162_rn(float a, float b) {
  return {__float2bfloat16_rn(a), __float2bfloat16_rn(b)};
}
