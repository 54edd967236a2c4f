#pragma once
#include <bit>
#include <cstdint>
#include <string_view>
#include <type_traits>

#include "kernels/core/check.h"

namespace genesis {

/// bfloat16: the upper half of an f32; conversion rounds to nearest even, NaN stays NaN.
struct bf16 {
  uint16_t bits = 0;
  bf16() = default;
  explicit bf16(float x) {
    const uint32_t u = std::bit_cast<uint32_t>(x);
    bits = (u & 0x7fffffffu) > 0x7f800000u ? uint16_t((u >> 16) | 0x40u)
                                           : uint16_t((u + 0x7fffu + ((u >> 16) & 1u)) >> 16);
  }
  explicit operator float() const { return std::bit_cast<float>(uint32_t(bits) << 16); }
};

/// IEEE half precision: storage and conversion only; arithmetic happens in f32.
struct f16 {
  uint16_t bits = 0;
  f16() = default;
  explicit f16(float x) : bits(std::bit_cast<uint16_t>(static_cast<_Float16>(x))) {}
  explicit operator float() const { return static_cast<float>(std::bit_cast<_Float16>(bits)); }
};

enum class DType : uint8_t { f64, f32, bf16, f16, i64, i32, u8 };

constexpr int64_t size_of(DType t) {
  switch (t) {
    case DType::f64:
    case DType::i64:
      return 8;
    case DType::f32:
    case DType::i32:
      return 4;
    case DType::bf16:
    case DType::f16:
      return 2;
    case DType::u8:
      return 1;
  }
  return 0;
}

constexpr std::string_view name_of(DType t) {
  switch (t) {
    case DType::f64:
      return "f64";
    case DType::f32:
      return "f32";
    case DType::bf16:
      return "bf16";
    case DType::f16:
      return "f16";
    case DType::i64:
      return "i64";
    case DType::i32:
      return "i32";
    case DType::u8:
      break;
  }
  return "u8";
}

constexpr bool is_floating(DType t) { return t <= DType::f16; }

template <class T>
constexpr DType dtype_of() {
  if constexpr (std::is_same_v<T, double>)
    return DType::f64;
  else if constexpr (std::is_same_v<T, float>)
    return DType::f32;
  else if constexpr (std::is_same_v<T, bf16>)
    return DType::bf16;
  else if constexpr (std::is_same_v<T, f16>)
    return DType::f16;
  else if constexpr (std::is_same_v<T, int64_t>)
    return DType::i64;
  else if constexpr (std::is_same_v<T, int32_t>)
    return DType::i32;
  else {
    static_assert(std::is_same_v<T, uint8_t>, "no DType for this C++ type");
    return DType::u8;
  }
}

/// The type sums are kept in: f64 for f64, f32 for every narrower float.
template <class T>
using accumulate_t = std::conditional_t<std::is_same_v<T, double>, double, float>;

/// Calls fn with a value of the C++ type behind `t`: dispatch_compute(x.dtype(), [&](auto tag) { using T =
/// decltype(tag); … }). Types: f64, f32, bf16 (what CPU kernels compute in). Errors: genesis::Error for any
/// other dtype.
template <class Fn>
decltype(auto) dispatch_compute(DType t, Fn&& fn) {
  switch (t) {
    case DType::f64:
      return fn(double{});
    case DType::f32:
      return fn(float{});
    case DType::bf16:
      return fn(bf16{});
    default:
      detail::fail<Error>(__FILE_NAME__, __LINE__, "", "dtype ", name_of(t),
                          " is not computed on here; use f64, f32 or bf16");
  }
}

/// As dispatch_compute, for every dtype there is.
template <class Fn>
decltype(auto) dispatch_any(DType t, Fn&& fn) {
  switch (t) {
    case DType::f64:
      return fn(double{});
    case DType::f32:
      return fn(float{});
    case DType::bf16:
      return fn(bf16{});
    case DType::f16:
      return fn(f16{});
    case DType::i64:
      return fn(int64_t{});
    case DType::i32:
      return fn(int32_t{});
    case DType::u8:
      break;
  }
  return fn(uint8_t{});
}

}  // namespace genesis
