#pragma once
#include <cstdint>

namespace genesis::data {

/// The endless order in which `n` samples are seen: epoch after epoch, each sample once an epoch.
///   sample of global index g = permutation(seed, epoch = g / n)[g % n]
/// A pure function of (n, seed, g): nothing is stored, any position is O(1), and the whole state of a data
/// loader is the one integer g (samples consumed).
///   The permutation is a Feistel network of 6 rounds of Philox over the smallest even number of bits (at
///   least 8) that holds n, walked until it falls inside [0, n).
/// Without shuffling, sample = g % n.
/// Determinism: the same on every machine and for any number of ranks.
/// Source: Black and Rogaway, "Ciphers with arbitrary finite domains", 2002 (cycle walking).
class SampleOrder {
 public:
  /// Errors: genesis::Error when n < 1.
  SampleOrder(int64_t n, uint64_t seed, bool shuffle = true);

  /// The sample, in [0, n), at global index g >= 0.
  int64_t at(int64_t g) const;

  int64_t size() const { return n_; }
  int64_t epoch_of(int64_t g) const { return g / n_; }

 private:
  uint64_t permute(uint64_t value, uint64_t epoch) const;

  int64_t n_;
  uint64_t seed_;
  bool shuffle_;
  int half_bits_ = 4;
};

}  // namespace genesis::data
