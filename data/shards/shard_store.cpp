#include "data/shards/shard_store.h"

#include <algorithm>
#include <future>

#include "kernels/core/check.h"

namespace genesis::data {
namespace {

/// What a view's spans lie in.
struct Tokens {
  std::vector<int32_t> ids;
  std::vector<uint8_t> supervised;
};

}  // namespace

ShardStore::ShardStore(const std::filesystem::path& folder)
    : folder_(folder), manifest_(Manifest::read(folder)), first_{0} {
  constexpr size_t kAtOnce = 4;  // files whose digests are computed at the same time
  const auto& shards = manifest_.shards;
  std::vector<std::future<std::unique_ptr<ShardFile>>> opening(shards.size());
  const auto open = [&](size_t i) {
    const auto when = shards.size() > 1 ? std::launch::async : std::launch::deferred;
    opening[i] = std::async(when, [this, i] {
      return std::make_unique<ShardFile>(
          folder_, manifest_.shards[i],
          ShardFile::Bounds{manifest_.provenance.vocab_size, manifest_.weights.codes()});
    });
  };
  for (size_t i = 0; i < std::min(kAtOnce, shards.size()); ++i) open(i);
  for (size_t i = 0; i < shards.size(); ++i) {
    files_.push_back(opening[i].get());
    if (i + kAtOnce < shards.size()) open(i + kAtOnce);
    for (const ShardFile::Row& row : files_.back()->rows())
      add_entry({row.length, row.supervised, weight_of(*files_.back(), row), {row.digest[0], row.digest[1]}});
    first_.push_back(size());
  }
  const SftSummary& sum = manifest_.summary;
  if (sum.samples != size() || sum.tokens != tokens() || sum.supervised_tokens != supervised_tokens())
    throw DataError("{}: the shards hold {} samples and {} tokens, the manifest says {} and {}",
                    folder.string(), size(), tokens(), sum.samples, sum.tokens);
}

SampleView ShardStore::sample(int64_t index) const {
  const SampleEntry& known = entry(index);
  const size_t shard = size_t(std::upper_bound(first_.begin(), first_.end(), index) - first_.begin()) - 1;
  const ShardFile::Row& row = files_[shard]->rows()[size_t(index - first_[shard])];
  const auto tokens = std::make_shared<Tokens>();
  tokens->ids.resize(size_t(row.length));
  tokens->supervised.resize(size_t(row.length));
  files_[shard]->read(row.offset, tokens->ids, tokens->supervised);
  SampleView view{tokens->ids, tokens->supervised, manifest_.weights, tokens};
  if (digest_of(view) != known.digest)
    throw DataError("{}: sample {} has another digest than was written",
                    (folder_ / manifest_.shards[shard].file).string(), index);
  return view;
}

/// Where all weigh 1 the sample table says it; else the mask is read.
double ShardStore::weight_of(const ShardFile& file, const ShardFile::Row& row) const {
  if (manifest_.weights.others().empty()) return double(row.supervised);
  std::vector<uint8_t> codes(size_t(row.length));
  file.read_mask(row.offset, codes);
  return target_weight({{}, codes, manifest_.weights});
}

}  // namespace genesis::data
