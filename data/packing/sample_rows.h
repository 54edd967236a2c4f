#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "data/dataset/sample_store.h"

namespace genesis::data {

/// Rows of a batch: each row holds one or more whole samples, each sample stands in exactly one row.
///   Packing is always isolated: a sample is never split, positions restart in it and attention stays inside
///   it (its own entry of cu_seqlens), so packing changes the speed of training and not what a sample
///   contributes.
class SampleRows {
 public:
  /// Row i is sample i alone.
  static SampleRows one_each(const SampleStore& samples);

  /// Samples that are packed together: a window of the file's order.
  static constexpr int64_t kWindow = int64_t{1} << 16;

  /// Rows of at most max_seq_len tokens by best-fit decreasing in each window of `window` samples; equal
  /// lengths in a seeded order.
  ///   Rows are made once; epochs differ in the order of rows.
  /// Errors: genesis::Error naming a sample longer than max_seq_len.
  /// Determinism: a function of the lengths, max_seq_len, seed and window. O(n log window).
  static SampleRows packed(const SampleStore& samples, int64_t max_seq_len, uint64_t seed,
                           int64_t window = kWindow);

  /// Rows as they were kept: row r is samples order[begin[r] .. begin[r + 1]).
  ///   Returns: nothing when that is not every sample once, in rows of at most max_seq_len tokens.
  static std::optional<SampleRows> from_index(const SampleStore& samples, std::span<const int64_t> begin,
                                              std::vector<int64_t> order, int64_t max_seq_len);

  /// Tokens / (rows x max_seq_len).
  double efficiency(int64_t max_seq_len) const;

  int64_t size() const { return int64_t(begin_.size()) - 1; }
  std::span<const int64_t> samples(int64_t row) const;
  int64_t tokens(int64_t row) const;      ///< tokens of all samples of the row
  int64_t supervised(int64_t row) const;  ///< targets with loss of all samples of the row
  double weight(int64_t row) const;       ///< what they weigh in all

 private:
  SampleRows() : begin_{0} {}
  void add(const SampleStore& samples, std::span<const int64_t> row);
  void check(int64_t row) const;

  std::vector<int64_t> samples_;              // [number of samples]
  std::vector<int64_t> begin_;                // [rows + 1]
  std::vector<int64_t> tokens_, supervised_;  // [rows]
  std::vector<double> weight_;                // [rows]
};

}  // namespace genesis::data
