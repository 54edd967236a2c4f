#include "data/dataset/sample_store.h"

#include <xxhash.h>

#include <algorithm>
#include <bit>

#include "data/dataset/sha256.h"
#include "kernels/core/check.h"

namespace genesis::data {
namespace {
constexpr size_t kBlockTokens = size_t{1} << 18;
}

SampleDigest digest_of(std::span<const int32_t> ids, std::span<const uint8_t> supervised) {
  const XXH128_hash_t of_ids = XXH3_128bits(ids.data(), ids.size_bytes());
  const uint64_t seed = of_ids.low64 ^ std::rotl(of_ids.high64, 32);
  const XXH128_hash_t both = XXH3_128bits_withSeed(supervised.data(), supervised.size_bytes(), seed);
  return {both.low64, both.high64};
}

int64_t learnable_tokens(const LabelledTokens& tokens) {
  if (tokens.labels.empty()) return 0;
  return std::count_if(tokens.labels.begin() + 1, tokens.labels.end(),
                       [](int32_t l) { return l != kIgnoredLabel; });
}

const SampleEntry& SampleStore::entry(int64_t index) const {
  GENESIS_CHECK(index >= 0 && index < size(), "sample ", index, " of ", size());
  return entries_[size_t(index)];
}

std::string SampleStore::digest(std::string_view settings) const {
  Sha256 sha;
  sha.add_field("genesis sft samples 2");
  sha.add_field(settings);
  for (const SampleEntry& e : entries_) {
    sha.add(&e.length, sizeof e.length);
    sha.add(e.digest.data(), sizeof e.digest);
  }
  return sha.hex();
}

void SampleStore::add_entry(const SampleEntry& entry) {
  entries_.push_back(entry);
  tokens_ += entry.length;
  supervised_ += entry.supervised;
  longest_ = std::max(longest_, int64_t(entry.length));
}

void MemoryStore::add(const LabelledTokens& tokens) {
  const size_t n = tokens.ids.size();
  GENESIS_CHECK(tokens.labels.size() == n, "a sample has ", n, " ids and ", tokens.labels.size(), " labels");
  if (blocks_.empty() || blocks_.back().ids.size() + n > blocks_.back().ids.capacity()) {
    Block& block = blocks_.emplace_back();
    block.ids.reserve(std::max(n, kBlockTokens));
    block.supervised.reserve(block.ids.capacity());
  }
  Block& block = blocks_.back();
  const size_t offset = block.ids.size();
  for (size_t t = 0; t < n; ++t) {
    const bool learnt = tokens.labels[t] != kIgnoredLabel;
    GENESIS_CHECK(!learnt || tokens.labels[t] == tokens.ids[t], "label ", tokens.labels[t], " at ", t,
                  " is not its token ", tokens.ids[t]);
    block.ids.push_back(tokens.ids[t]);
    block.supervised.push_back(learnt);
  }
  places_.push_back({int64_t(offset), int32_t(blocks_.size() - 1)});
  add_entry({int32_t(n), int32_t(learnable_tokens(tokens)),
             digest_of(std::span(block.ids).subspan(offset), std::span(block.supervised).subspan(offset))});
}

SampleView MemoryStore::sample(int64_t index) const {
  const size_t length = size_t(entry(index).length);
  const Place& place = places_[size_t(index)];
  const Block& block = blocks_[size_t(place.block)];
  return {std::span(block.ids).subspan(size_t(place.offset), length),
          std::span(block.supervised).subspan(size_t(place.offset), length), nullptr};
}

SubsetStore::SubsetStore(std::shared_ptr<const SampleStore> all, std::vector<int64_t> indices)
    : all_(std::move(all)), indices_(std::move(indices)) {
  for (const int64_t i : indices_) add_entry(all_->entry(i));
}

SampleView SubsetStore::sample(int64_t index) const {
  entry(index);  // refuses an index out of range
  return all_->sample(indices_[size_t(index)]);
}

}  // namespace genesis::data
