#include "models/safetensors/convert.h"

#include <cstring>
#include <type_traits>

#include "kernels/core/parallel_for.h"

namespace genesis::models {
namespace {

template <class From, class To>
To convert_one(From x) {
  if constexpr (std::is_same_v<From, double> || std::is_same_v<From, float>) {
    if constexpr (std::is_same_v<To, double> || std::is_same_v<To, float>)
      return To(x);
    else
      return To(float(x));
  } else {
    return convert_one<float, To>(float(x));
  }
}

constexpr int64_t kGrain = 1 << 16;

}  // namespace

bool can_convert(DType from, DType to) { return from == to || (is_floating(from) && is_floating(to)); }

void convert_values(const void* source, DType from, void* target, DType to, int64_t n) {
  GENESIS_CHECK(can_convert(from, to), "values of ", name_of(from), " cannot be stored as ", name_of(to));
  const char* src = static_cast<const char*>(source);
  char* dst = static_cast<char*>(target);
  if (from == to) {
    parallel_for(n * size_of(to), kGrain,
                 [&](int64_t b, int64_t e) { std::memcpy(dst + b, src + b, size_t(e - b)); });
    return;
  }
  dispatch_any(from, [&](auto f) {
    dispatch_any(to, [&](auto t) {
      using From = decltype(f);
      using To = decltype(t);
      if constexpr (is_floating(dtype_of<From>()) && is_floating(dtype_of<To>())) {
        parallel_for(n, kGrain, [&](int64_t b, int64_t e) {
          for (int64_t i = b; i < e; ++i) {
            From x;
            std::memcpy(&x, src + i * int64_t(sizeof(From)), sizeof(From));
            const To y = convert_one<From, To>(x);
            std::memcpy(dst + i * int64_t(sizeof(To)), &y, sizeof(To));
          }
        });
      }
    });
  });
}

}  // namespace genesis::models
