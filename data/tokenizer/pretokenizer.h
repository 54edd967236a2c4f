#pragma once
#include <string_view>
#include <vector>

#include "data/tokenizer/character_table.h"

namespace genesis::data {

/// Cuts text into the pieces that byte pair encoding never crosses: the leftmost matches, first branch wins,
/// of
///   (?i:'s|'t|'re|'ve|'m|'ll|'d) | [^\r\n\p{L}\p{N}]?\p{L}+ | \p{N} | ` `?[^\s\p{L}\p{N}]+[\r\n]*
///   | \s*[\r\n]+ | \s+(?!\S) | \s+
/// by a scanner, in time linear in the text. Case folding is Unicode's (so 'ſ is a contraction), \s is
/// White_Space. Source: the pattern of Qwen-1's tokenization_qwen.py, the same in Qwen1.5, Qwen2 and Qwen3.
class Pretokenizer {
 public:
  Pretokenizer() : table_(CharacterTable::get()) {}

  /// The end of the piece that begins at `p`. Requires p < end and well-formed UTF-8 in [p, end); `end` is
  /// the end of the text for the look-ahead.
  const char* piece_end(const char* p, const char* end) const;

  /// All pieces of well-formed text, in order; together they are the text.
  std::vector<std::string_view> pieces(std::string_view text) const;

 private:
  CharacterClass next_class(const char*& p) const;
  const char* skip(CharacterClass wanted, const char* p, const char* end) const;

  const CharacterTable& table_;
};

}  // namespace genesis::data
