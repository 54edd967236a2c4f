#pragma once
#include <array>
#include <cstdint>
#include <initializer_list>

namespace genesis {

/// Philox4x32-10: four random words from a 128-bit counter and a 64-bit key.
///   A pure function: the same (key, counter) gives the same words on every device and for any number of
///   ranks.
/// Source: Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC'11.
inline std::array<uint32_t, 4> philox(uint64_t key, uint64_t high, uint64_t low) {
  uint32_t c0 = uint32_t(low), c1 = uint32_t(low >> 32), c2 = uint32_t(high), c3 = uint32_t(high >> 32);
  uint32_t k0 = uint32_t(key), k1 = uint32_t(key >> 32);
  for (int round = 0; round < 10; ++round) {
    const uint64_t p0 = uint64_t(0xD2511F53u) * c0, p1 = uint64_t(0xCD9E8D57u) * c2;
    const uint32_t n0 = uint32_t(p1 >> 32) ^ c1 ^ k0, n2 = uint32_t(p0 >> 32) ^ c3 ^ k1;
    c1 = uint32_t(p1);
    c3 = uint32_t(p0);
    c0 = n0;
    c2 = n2;
    k0 += 0x9E3779B9u;
    k1 += 0xBB67AE85u;
  }
  return {c0, c1, c2, c3};
}

/// Uniform in [0, 1) with 24 bits.
inline float uniform_from(uint32_t word) { return float(word >> 8) * 0x1p-24f; }

/// Names one stream of random numbers: key = seed, stream = what it is for (step, layer, tensor…).
/// Element i of the stream is word i % 4 of philox(seed, stream, i / 4).
struct RandomStream {
  uint64_t seed = 0;
  uint64_t stream = 0;
};

/// Two independent standard normals of a stream's pair index (Box-Muller, f64 inside).
std::array<double, 2> normal_pair(const RandomStream& s, uint64_t pair);

/// Mixes parts into one stream number (SplitMix64 finaliser over each part).
uint64_t stream_of(std::initializer_list<uint64_t> parts);

}  // namespace genesis
