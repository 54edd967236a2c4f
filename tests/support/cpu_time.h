#pragma once
#include <ctime>

namespace genesis::testing {

/// Processor seconds that fn() takes: unlike the clock on the wall, the same on a busy machine.
template <class Fn>
double cpu_seconds_of(Fn&& fn) {
  const std::clock_t start = std::clock();
  fn();
  return double(std::clock() - start) / CLOCKS_PER_SEC;
}

}  // namespace genesis::testing
