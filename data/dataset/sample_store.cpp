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

SampleDigest digest_of(const SampleView& sample) {
  const XXH128_hash_t of_ids = XXH3_128bits(sample.ids.data(), sample.ids.size_bytes());
  const uint64_t seed = of_ids.low64 ^ std::rotl(of_ids.high64, 32);
  const auto codes = sample.supervised;
  XXH128_hash_t all;
  if (std::all_of(codes.begin(), codes.end(), [](uint8_t code) { return code < 2; })) {
    all = XXH3_128bits_withSeed(codes.data(), codes.size_bytes(), seed);
  } else {
    std::vector<float> weights(codes.size());
    for (size_t t = 0; t < codes.size(); ++t) weights[t] = sample.weight(t);
    all = XXH3_128bits_withSeed(weights.data(), weights.size() * sizeof(float), seed);
  }
  return {all.low64, all.high64};
}

double target_weight(const SampleView& sample) {
  double sum = 0;
  for (size_t t = 1; t < sample.supervised.size(); ++t) sum += double(sample.weight(t));
  return sum;
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
  const std::vector<uint8_t> codes = table_.codes_of(tokens);
  const size_t n = codes.size();
  if (blocks_.empty() || blocks_.back().ids.size() + n > blocks_.back().ids.capacity()) {
    Block& block = blocks_.emplace_back();
    block.ids.reserve(std::max(n, kBlockTokens));
    block.supervised.reserve(block.ids.capacity());
  }
  Block& block = blocks_.back();
  places_.push_back({int64_t(block.ids.size()), int32_t(blocks_.size() - 1)});
  block.ids.insert(block.ids.end(), tokens.ids.begin(), tokens.ids.end());
  block.supervised.insert(block.supervised.end(), codes.begin(), codes.end());
  const SampleView added = view(places_.back(), n);
  add_entry({int32_t(n), int32_t(learnable_tokens(tokens)), target_weight(added), digest_of(added)});
}

SampleView MemoryStore::view(const Place& place, size_t length) const {
  const Block& block = blocks_[size_t(place.block)];
  return {std::span(block.ids).subspan(size_t(place.offset), length),
          std::span(block.supervised).subspan(size_t(place.offset), length), table_};
}

SampleView MemoryStore::sample(int64_t index) const {
  const size_t length = size_t(entry(index).length);
  return view(places_[size_t(index)], length);
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
