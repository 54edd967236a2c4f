#pragma once
#include <filesystem>

#include "data/dataset/sample_store.h"
#include "data/shards/shard_writer.h"

namespace genesis::testing {

/// A sample as a tokeniser hands it on.
inline data::LabelledTokens labelled(const data::SampleView& sample) {
  data::LabelledTokens tokens;
  tokens.ids.assign(sample.ids.begin(), sample.ids.end());
  for (size_t t = 0; t < sample.ids.size(); ++t) {
    tokens.labels.push_back(sample.label(t));
    tokens.weights.push_back(sample.weight(t));
  }
  return tokens;
}

/// A folder of shards of these samples, of one source.
inline void write_shards(const data::SampleStore& samples, const std::filesystem::path& folder,
                         data::ShardWriter::Options options = {}, int64_t vocab_size = 1 << 30) {
  data::ShardWriter writer(folder, options);
  data::SftSummary sum;
  for (int64_t i = 0; i < samples.size(); ++i) writer.add(labelled(samples.sample(i)), {0, i + 1});
  sum.samples = samples.size();
  sum.tokens = samples.tokens();
  sum.supervised_tokens = samples.supervised_tokens();
  data::Provenance provenance{.vocab_size = vocab_size};
  provenance.sources.resize(1);
  writer.finish(provenance, sum);
}

}  // namespace genesis::testing
