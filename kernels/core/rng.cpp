#include "kernels/core/rng.h"

#include <cmath>
#include <numbers>

namespace genesis {

std::array<double, 2> normal_pair(const RandomStream& s, uint64_t pair) {
  const auto w = philox(s.seed, s.stream, pair);
  const double u = (double((uint64_t(w[0]) << 21) ^ (w[1] >> 11)) + 1.0) * 0x1p-53;  // (0, 1]
  const double v = (double(w[2]) + 0.5) * 0x1p-32;
  const double radius = std::sqrt(-2.0 * std::log(u)), angle = 2.0 * std::numbers::pi * v;
  return {radius * std::cos(angle), radius * std::sin(angle)};
}

uint64_t stream_of(std::initializer_list<uint64_t> parts) {
  uint64_t h = 0x9E3779B97F4A7C15u;
  for (uint64_t p : parts) {
    h += p + 0x9E3779B97F4A7C15u;
    h = (h ^ (h >> 30)) * 0xBF58476D1CE4E5B9u;
    h = (h ^ (h >> 27)) * 0x94D049BB133111EBu;
    h ^= h >> 31;
  }
  return h;
}

}  // namespace genesis
