#include "data/dataset/sample_store.h"

#include <algorithm>

#include "kernels/core/check.h"

namespace genesis::data {
namespace {
constexpr size_t kBlockTokens = size_t{1} << 18;
}

int64_t learnable_tokens(const LabelledTokens& tokens) {
  if (tokens.labels.empty()) return 0;
  return std::count_if(tokens.labels.begin() + 1, tokens.labels.end(),
                       [](int32_t l) { return l != kIgnoredLabel; });
}

void SampleStore::add(const LabelledTokens& tokens) {
  const size_t n = tokens.ids.size();
  GENESIS_CHECK(tokens.labels.size() == n, "a sample has ", n, " ids and ", tokens.labels.size(), " labels");
  if (blocks_.empty() || blocks_.back().ids.size() + n > blocks_.back().ids.capacity()) {
    Block& block = blocks_.emplace_back();
    block.ids.reserve(std::max(n, kBlockTokens));
    block.supervised.reserve(block.ids.capacity());
  }
  Block& block = blocks_.back();
  const int64_t offset = int64_t(block.ids.size());
  for (size_t t = 0; t < n; ++t) {
    const bool learnt = tokens.labels[t] != kIgnoredLabel;
    GENESIS_CHECK(!learnt || tokens.labels[t] == tokens.ids[t], "label ", tokens.labels[t], " at ", t,
                  " is not its token ", tokens.ids[t]);
    block.ids.push_back(tokens.ids[t]);
    block.supervised.push_back(learnt);
  }
  const int64_t supervised = learnable_tokens(tokens);
  samples_.push_back({offset, int32_t(blocks_.size() - 1), int32_t(n), int32_t(supervised)});
  tokens_ += int64_t(n);
  supervised_ += supervised;
  longest_ = std::max(longest_, int64_t(n));
}

void SampleStore::add(const SampleView& sample) {
  LabelledTokens tokens;
  tokens.ids.assign(sample.ids.begin(), sample.ids.end());
  for (size_t t = 0; t < sample.ids.size(); ++t) tokens.labels.push_back(sample.label(t));
  add(tokens);
}

const SampleStore::Entry& SampleStore::entry(int64_t index) const {
  GENESIS_CHECK(index >= 0 && index < size(), "sample ", index, " of ", size());
  return samples_[size_t(index)];
}

SampleView SampleStore::sample(int64_t index) const {
  const Entry& e = entry(index);
  const Block& block = blocks_[size_t(e.block)];
  return {std::span(block.ids).subspan(size_t(e.offset), size_t(e.length)),
          std::span(block.supervised).subspan(size_t(e.offset), size_t(e.length))};
}

}  // namespace genesis::data
