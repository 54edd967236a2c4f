#pragma once
#include <cstdint>
#include <mutex>
#include <vector>

#include "data/packing/sample_rows.h"
#include "data/sampler/sample_order.h"

namespace genesis::data {

/// An order in which neighbours are about equally long: the shuffled order is taken in windows of `block` x
/// kBlocks rows inside an epoch, the rows of a window are sorted by length and cut into blocks of `block`
/// rows, and the blocks of the window are shuffled.
///   Every row once an epoch; a function of (lengths, seed, epoch, index, block) alone. A window is worked
///   out when it is first asked for and kept until another one is: memory is that of one window.
class LengthGroups {
 public:
  static constexpr int64_t kBlocks = 64;

  /// `order` and `rows` must live as long as this. Errors: genesis::Error when their sizes differ or block
  /// < 1.
  LengthGroups(const SampleOrder& order, const SampleRows& rows, uint64_t seed, int64_t block);

  /// The row at global index g >= 0. May be called from several threads.
  int64_t at(int64_t g) const;

 private:
  std::vector<int64_t> window(int64_t epoch, int64_t number) const;

  const SampleOrder& order_;
  const SampleRows& rows_;
  uint64_t seed_;
  int64_t block_;
  mutable std::mutex mutex_;
  mutable int64_t epoch_ = -1, number_ = -1;
  mutable std::vector<int64_t> kept_;
};

}  // namespace genesis::data
