#pragma once
#include <cstdint>
#include <span>
#include <string>

#include "data/tokenizer/vocabulary.h"

namespace genesis::data {

struct TrainOptions {
  int32_t vocab_size =
      4096;               ///< ordinary tokens, the 256 single bytes among them; special tokens come on top
  int64_t min_count = 2;  ///< a pair that occurs less often is not merged
};

/// Learns a byte pair vocabulary from texts, cut by the same normalisation and pre-tokenizer that encoding
/// uses.
///   Ranks 0..255 are the single bytes in byte_order(); then, again and again, the most frequent adjacent
///   pair becomes a token; of equals the pair with the lowest left rank, then the lowest right rank. Qwen-1's
///   special forms in the texts are boundaries and never learned. The result has fewer tokens than asked when
///   no pair occurs min_count times any more.
/// Errors: genesis::ConfigError when vocab_size < 256 or min_count < 1.
/// Determinism: a function of the multiset of pieces alone; the order of texts does not matter.
/// Source: Sennrich et al. 2016, on bytes.
Vocabulary train_bpe(std::span<const std::string> texts, const TrainOptions& options = {});

}  // namespace genesis::data
