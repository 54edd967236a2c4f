#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "autograd/tensor.h"
#include "data/batch/batch.h"

namespace genesis::models {

/// Texts of different lengths as one flat row of tokens, without padding. Text s is tokens
/// [cu_seqlens[s], cu_seqlens[s + 1]); attention never leaves it and its positions begin where position_ids
/// says.
struct TokenBatch {
  Array input_ids;     ///< [N] i32
  Array position_ids;  ///< [N] i32
  Array cu_seqlens;    ///< [texts + 1] i32: 0, …, N
  std::vector<int64_t>
      samples;  ///< [texts] number of each in its dataset, for dropout; empty: its place here

  int64_t tokens() const { return input_ids.numel(); }
  int64_t texts() const { return cu_seqlens.numel() - 1; }
  /// Tokens of one text.
  int64_t length(int64_t text) const;

  /// The same with a text of up to multiple - 1 tokens behind it, so that the tokens divide by `multiple`.
  TokenBatch padded_to_multiple(int64_t multiple) const;

  /// Whole texts: positions 0, 1, … in each.
  static TokenBatch from_texts(const std::vector<std::vector<int32_t>>& texts);
  /// A micro-batch of the data layer; its targets are not part of it.
  static TokenBatch from(const data::Batch& batch);
  /// The rows of a [B, T] tensor of integers as B texts.
  /// Errors: genesis::Error for another shape or an id outside [0, vocab_size).
  static TokenBatch from_rows(const Tensor& input_ids, int64_t vocab_size);
};

}  // namespace genesis::models
