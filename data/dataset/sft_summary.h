#pragma once
#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "data/formats/record_error.h"

namespace genesis::data {

/// What a dataset is made of, counted while it is read.
///   records = samples + dropped_too_long + dropped_unsupervised + bad() + held_out
struct SftSummary {
  int64_t files = 0;
  int64_t records = 0;
  int64_t samples = 0;
  int64_t turns = 0;              ///< of all usable records
  int64_t documents = 0;          ///< records of plain text
  int64_t tokens = 0;             ///< of the samples as kept
  int64_t supervised_tokens = 0;  ///< targets with loss, of the samples as kept
  int64_t longest = 0;            ///< tokens of the longest record, before truncation
  int64_t truncated = 0;          ///< samples cut to max_seq_len and kept
  int64_t tokens_cut = 0;         ///< tokens that truncation took away, of kept samples
  int64_t dropped_too_long = 0;
  int64_t dropped_unsupervised = 0;       ///< cut, and no supervised token left
  int64_t first_turns_left_out = 0;       ///< leading assistant turns a template has no place for
  int64_t held_out = 0;                   ///< samples split off for evaluation
  int64_t duplicates = 0;                 ///< samples equal, token for token, to an earlier one
  int64_t special_text = 0;               ///< records with markup such as `<|im_start|>` written in a content
  std::array<int64_t, kFaults> faults{};  ///< unusable records by what is wrong with them

  /// Records by length before truncation: bucket i holds lengths in (i * width, (i + 1) * width]; the last
  /// one all that are longer than max_seq_len.
  std::vector<int64_t> lengths;
  int64_t length_width = 0;

  /// The first few places of each kind of finding: "file:line:column: reason".
  std::map<std::string, std::vector<std::string>> examples;

  int64_t bad() const;
  double supervised_share() const { return tokens == 0 ? 0 : double(supervised_tokens) / double(tokens); }

  /// Files a length under its bucket; begins the histogram on first use.
  void count_length(int64_t tokens, int64_t max_seq_len);
  /// Keeps the place when few of its kind are kept yet.
  void add_example(std::string_view kind, std::string place);

  /// One line for people.
  std::string text() const;

  /// As JSON, and back. Errors: DataError when a field is missing or of the wrong type.
  std::string to_json() const;
  static SftSummary from_json(std::string_view json);
};

}  // namespace genesis::data
