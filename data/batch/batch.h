#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "data/dataset/sample_store.h"

namespace genesis::data {

/// A micro-batch as flat token arrays without padding; document d is tokens [cu_seqlens[d], cu_seqlens[d+1]).
struct Batch {
  std::vector<int32_t> input_ids;  ///< [N]
  std::vector<int32_t> targets;  ///< [N]: the label of the NEXT token of the same document, or kIgnoredLabel
  std::vector<int32_t> position_ids;  ///< [N]: 0, 1, ... in each document
  std::vector<int32_t> cu_seqlens;    ///< [documents + 1]: 0, ..., N
  std::vector<int64_t> samples;       ///< [documents]: index of each in its dataset
  std::vector<float> weights;         ///< [N]: of each target's loss; empty when all weigh 1
  int64_t supervised = 0;             ///< targets that are not kIgnoredLabel
  double weight = 0;                  ///< sum of the weights of the targets
  int32_t longest = 0;                ///< tokens of the longest document

  int64_t tokens() const { return int64_t(input_ids.size()); }
  int64_t documents() const { return int64_t(samples.size()); }
};

/// The micro-batch of these samples, in this order. Here, and nowhere else, labels are shifted:
///   targets[t] = label of token t + 1 of the document; of its last token: kIgnoredLabel
///   weights[t] = weight of token t + 1
/// An empty list gives N = 0 and cu_seqlens {0}.
/// Errors: genesis::Error for an index out of range, or more than 2^31 - 1 tokens.
Batch build_batch(const SampleStore& dataset, std::span<const int64_t> samples);

}  // namespace genesis::data
