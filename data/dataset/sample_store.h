#pragma once
#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "data/dataset/weight_table.h"

namespace genesis::data {

/// One tokenised sample: ids[t], and whether and how much ids[t] carries loss as a label, a code of the
/// store's table (0: none), both [length]. Not shifted.
struct SampleView {
  std::span<const int32_t> ids;
  std::span<const uint8_t> supervised;
  const WeightTable& table;                ///< of the store
  std::shared_ptr<const void> keeps = {};  ///< what the spans lie in, where it is not the store itself

  int32_t label(size_t t) const { return supervised[t] ? ids[t] : kIgnoredLabel; }
  float weight(size_t t) const { return table.weight_of(supervised[t]); }
};

/// 128 bits of XXH3 over a sample's ids, mask and weights: equal samples have equal digests, whatever codes
/// their weights have in their stores.
using SampleDigest = std::array<uint64_t, 2>;
SampleDigest digest_of(const SampleView& sample);

/// What is known of a sample without its tokens.
struct SampleEntry {
  int32_t length = 0;      ///< tokens
  int32_t supervised = 0;  ///< targets: labels with loss, its first token left out
  double weight = 0;       ///< sum of the weights of its targets; `supervised` where all weigh 1
  SampleDigest digest{};
};

/// The sum of the weights of a sample's targets.
double target_weight(const SampleView& sample);

/// Tokens of labels that can be learnt: those after the first, which nothing predicts.
int64_t learnable_tokens(const LabelledTokens& tokens);

/// Tokenised samples by index, wherever they are. Lengths, supervised counts and digests are at hand, so
/// totals of any set of samples, packing and order need no token.
///   sample() may be called from several threads.
class SampleStore {
 public:
  virtual ~SampleStore() = default;

  /// Errors: genesis::Error for an index out of range; DataError where the tokens are in a file that is
  /// damaged.
  virtual SampleView sample(int64_t index) const = 0;

  int64_t size() const { return int64_t(entries_.size()); }
  const SampleEntry& entry(int64_t index) const;
  int64_t length(int64_t index) const { return entry(index).length; }
  int64_t supervised(int64_t index) const { return entry(index).supervised; }
  double weight(int64_t index) const { return entry(index).weight; }

  int64_t tokens() const { return tokens_; }
  int64_t supervised_tokens() const { return supervised_; }
  int64_t longest() const { return longest_; }

  /// SHA-256 over `settings` and every sample's length and digest in order.
  std::string digest(std::string_view settings) const;

 protected:
  void add_entry(const SampleEntry& entry);

 private:
  std::vector<SampleEntry> entries_;
  int64_t tokens_ = 0, supervised_ = 0, longest_ = 0;
};

/// Samples in memory, 5 bytes a token, in blocks that never move: growing copies nothing.
class MemoryStore final : public SampleStore {
 public:
  /// Errors: as WeightTable::codes_of.
  void add(const LabelledTokens& tokens);

  SampleView sample(int64_t index) const override;

 private:
  struct Block {
    std::vector<int32_t> ids;
    std::vector<uint8_t> supervised;
  };
  struct Place {
    int64_t offset = 0;
    int32_t block = 0;
  };
  SampleView view(const Place& place, size_t length) const;

  WeightTable table_;
  std::vector<Block> blocks_;
  std::vector<Place> places_;
};

/// Some samples of another store, in the order given; a sample may come more than once.
class SubsetStore final : public SampleStore {
 public:
  SubsetStore(std::shared_ptr<const SampleStore> all, std::vector<int64_t> indices);

  SampleView sample(int64_t index) const override;

 private:
  std::shared_ptr<const SampleStore> all_;
  std::vector<int64_t> indices_;
};

}  // namespace genesis::data
