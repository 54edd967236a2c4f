#include "data/batch/batch.h"

#include <algorithm>
#include <limits>

#include "kernels/core/check.h"

namespace genesis::data {
namespace {

/// The weights of a document's targets, from the first document on that has one other than 1.
void add_weights(Batch& batch, const SampleView& document, size_t tokens) {
  const size_t length = document.ids.size(), begin = batch.input_ids.size() - length;
  const auto codes = document.supervised;
  if (batch.weights.empty()) {
    if (std::all_of(codes.begin(), codes.end(), [](uint8_t code) { return code < 2; })) return;
    batch.weights.reserve(tokens);
  }
  batch.weights.resize(begin, 1);
  for (size_t t = 0; t < length; ++t) batch.weights.push_back(t + 1 < length ? document.weight(t + 1) : 1);
}

}  // namespace

Batch build_batch(const SampleStore& dataset, std::span<const int64_t> samples) {
  int64_t tokens = 0;
  for (int64_t s : samples) tokens += dataset.length(s);
  GENESIS_CHECK(tokens <= std::numeric_limits<int32_t>::max(), "a micro-batch of ", tokens, " tokens");

  Batch batch;
  for (auto* array : {&batch.input_ids, &batch.targets, &batch.position_ids}) array->reserve(size_t(tokens));
  batch.cu_seqlens.push_back(0);
  batch.samples.assign(samples.begin(), samples.end());
  for (int64_t s : samples) {
    const SampleView document = dataset.sample(s);
    const size_t length = document.ids.size();
    for (size_t t = 0; t < length; ++t) {
      batch.input_ids.push_back(document.ids[t]);
      batch.targets.push_back(t + 1 < length ? document.label(t + 1) : kIgnoredLabel);
      batch.position_ids.push_back(int32_t(t));
    }
    add_weights(batch, document, size_t(tokens));
    batch.cu_seqlens.push_back(int32_t(batch.input_ids.size()));
    batch.supervised += dataset.supervised(s);
    batch.weight += dataset.weight(s);
    batch.longest = std::max(batch.longest, int32_t(length));
  }
  return batch;
}

}  // namespace genesis::data
