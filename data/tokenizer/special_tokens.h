#pragma once
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace genesis::data {

/// Whose special tokens follow the vocabulary.
///   qwen1:   <|endoftext|>, <|im_start|>, <|im_end|>, <|extra_0|> .. <|extra_204|>; text is normalised (NFC)
///   before
///            they are looked for.
///   qwen1_5: the first three; they are looked for in the text as given.
/// Source: Qwen-1's tokenization_qwen.py; Qwen1.5's added_tokens.json.
enum class TokenizerFamily { qwen1, qwen1_5 };

struct SpecialToken {
  std::string text;
  int32_t id = 0;
  bool special = true;  ///< false: parsed like a special token, but kept by decode(skip_special)
};

/// The special tokens of a tokenizer: by name, by id, and where they stand in a text.
class SpecialTokens {
 public:
  SpecialTokens() = default;
  /// The family's tokens with ids from `first_id`.
  SpecialTokens(TokenizerFamily family, int32_t first_id);
  /// Any list. Errors: genesis::DataError "`name`: ..." unless the ids are first_id, first_id + 1, ... in
  /// some order
  ///   and the texts are distinct and not empty.
  SpecialTokens(std::vector<SpecialToken> tokens, int32_t first_id, bool before_nfc, std::string_view name);

  int32_t size() const { return int32_t(tokens_.size()); }
  int32_t first_id() const { return first_id_; }
  bool contains(int32_t id) const { return id >= first_id_ && id - first_id_ < size(); }
  /// The token of an id that `contains`.
  const SpecialToken& at(int32_t id) const { return tokens_[size_t(id - first_id_)]; }
  /// The id of the token with this text, or -1.
  int32_t find(std::string_view text) const;
  /// True: looked for in the text as given; false: after NFC.
  bool before_nfc() const { return before_nfc_; }

  struct Match {
    size_t begin = std::string_view::npos, length = 0;
    int32_t id = -1;
  };
  /// The leftmost, then longest, special token at or after `from`; begin = npos when there is none. With a
  /// list of ids, one of those.
  Match next(std::string_view text, size_t from, std::span<const int32_t> only = {}) const;

 private:
  std::vector<SpecialToken> tokens_;  // [id - first_id]
  int32_t first_id_ = 0;
  bool before_nfc_ = false;
  std::map<std::string, int32_t, std::less<>> by_text_;
  std::string first_bytes_;      // distinct
  std::vector<size_t> lengths_;  // distinct, longest first
};

}  // namespace genesis::data
