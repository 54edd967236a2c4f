#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "data/chat/chat_format.h"

namespace genesis::data {

/// One tokenised sample: ids[t] and whether ids[t] carries loss as a label (1) or not (0), both [length]. Not
/// shifted.
struct SampleView {
  std::span<const int32_t> ids;
  std::span<const uint8_t> supervised;

  int32_t label(size_t t) const { return supervised[t] ? ids[t] : kIgnoredLabel; }
};

/// Tokens of labels that can be learnt: those after the first, which nothing predicts.
int64_t learnable_tokens(const LabelledTokens& tokens);

/// Tokenised samples in memory, 5 bytes a token, in blocks that never move: growing copies nothing.
///   Lengths and supervised counts are kept beside them, so totals of any set of samples need no token.
class SampleStore {
 public:
  /// Errors: genesis::Error when a label is neither its token nor kIgnoredLabel, or the sizes differ.
  void add(const LabelledTokens& tokens);
  /// A copy of another store's sample.
  void add(const SampleView& sample);

  int64_t size() const { return int64_t(samples_.size()); }
  SampleView sample(int64_t index) const;
  int64_t length(int64_t index) const { return entry(index).length; }
  /// Targets of the sample: labels with loss, its first token left out.
  int64_t supervised(int64_t index) const { return entry(index).supervised; }

  int64_t tokens() const { return tokens_; }
  int64_t supervised_tokens() const { return supervised_; }
  int64_t longest() const { return longest_; }

 private:
  struct Block {
    std::vector<int32_t> ids;
    std::vector<uint8_t> supervised;
  };
  struct Entry {
    int64_t offset = 0;
    int32_t block = 0, length = 0, supervised = 0;
  };
  const Entry& entry(int64_t index) const;

  std::vector<Block> blocks_;
  std::vector<Entry> samples_;
  int64_t tokens_ = 0, supervised_ = 0, longest_ = 0;
};

}  // namespace genesis::data
