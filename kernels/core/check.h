#pragma once
#include <sstream>

#include "kernels/core/error.h"

namespace genesis::detail {

template <class E, class... A>
[[noreturn]] void fail(const char* file, int line, const char* what, const A&... parts) {
  std::ostringstream s;
  if constexpr (sizeof...(A) > 0) {
    (s << ... << parts);
  } else {
    s << "check `" << what << "` failed";
  }
  s << " [" << file << ':' << line << ']';
  throw E(s.str());
}

}  // namespace genesis::detail

/// The caller's mistake: throws genesis::Error with the parts streamed together. Always on.
#define GENESIS_CHECK(cond, ...)                                                                            \
  do {                                                                                                      \
    if (!(cond)) [[unlikely]]                                                                               \
      ::genesis::detail::fail<::genesis::Error>(__FILE_NAME__, __LINE__, #cond __VA_OPT__(, ) __VA_ARGS__); \
  } while (false)

/// Our own broken promise: throws genesis::InvariantError. Always on.
#define GENESIS_INVARIANT(cond, ...)                                                        \
  do {                                                                                      \
    if (!(cond)) [[unlikely]]                                                               \
      ::genesis::detail::fail<::genesis::InvariantError>(__FILE_NAME__, __LINE__,           \
                                                         #cond __VA_OPT__(, ) __VA_ARGS__); \
  } while (false)
