#pragma once
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "data/tokenizer/special_tokens.h"
#include "data/tokenizer/vocabulary.h"

namespace genesis::data {

/// What a special form such as "<|im_end|>" in a text is: its one token, or plain text like any other.
enum class SpecialForms { parse, plain };

struct EncodeOptions {
  SpecialForms specials = SpecialForms::parse;
  std::vector<int32_t> only = {};  ///< with parse: the special ids looked for, others are plain; empty: all
};

struct DecodeOptions {
  bool skip_special = false;
};

/// Text to token ids and back, with the ids of Qwen's own tokenizers.
///   encode: ill-formed UTF-8 becomes U+FFFD, then NFC, special tokens, pre-tokenizer, byte pair encoding.
///   Copies share their tables; every const function may be called from several threads at once.
/// Determinism: a function of the vocabulary and the text alone.
/// Source: Qwen-1's tokenization_qwen.py; transformers' Qwen2 tokenizer.
class Tokenizer {
 public:
  Tokenizer(Vocabulary vocabulary, SpecialTokens specials);

  /// Reads a vocabulary file: qwen.tiktoken (or any file in that format), vocab.json with merges.txt beside
  /// it, or tokenizer.json; the family's special tokens follow (tokenizer.json brings its own; so do
  /// added_tokens.json and tokenizer_config.json beside vocab.json). Without a family it is qwen1 for the
  /// tiktoken format and qwen1_5 for vocab.json. Errors: genesis::DataError naming file and line or key.
  static Tokenizer from_file(const std::filesystem::path& path, std::optional<TokenizerFamily> family = {});
  /// Reads the first of qwen.tiktoken, tokenizer.json, vocab.json that the folder holds.
  /// Errors: as from_file; genesis::DataError when the folder holds none of them.
  static Tokenizer from_folder(const std::filesystem::path& folder,
                               std::optional<TokenizerFamily> family = {});

  /// from_folder for a folder, from_file for anything else.
  static Tokenizer from_path(const std::filesystem::path& path, std::optional<TokenizerFamily> family = {});

  std::vector<int32_t> encode(std::string_view text, const EncodeOptions& options = {}) const;
  /// The ids of each text, on all threads of the process (thread_count()).
  std::vector<std::vector<int32_t>> encode_batch(std::span<const std::string_view> texts,
                                                 const EncodeOptions& options = {}) const;
  std::vector<std::vector<int32_t>> encode_batch(std::span<const std::string> texts,
                                                 const EncodeOptions& options = {}) const;

  /// The bytes of the tokens, with U+FFFD for what is not UTF-8.
  /// Errors: genesis::DataError for an id outside [0, vocab_size()).
  std::string decode(std::span<const int32_t> ids, DecodeOptions options = {}) const;
  /// The bytes as they are. Errors: as decode.
  std::string decode_bytes(std::span<const int32_t> ids, DecodeOptions options = {}) const;
  /// The bytes of one token, special or not. Errors: as decode.
  std::string_view token_bytes(int32_t id) const;

  /// Ordinary and special tokens together: ids are 0 .. vocab_size() - 1.
  int32_t vocab_size() const;
  const Vocabulary& vocabulary() const;
  const SpecialTokens& specials() const;
  bool is_special(int32_t id) const;
  /// The id of a special token by its text, "<|im_end|>". Errors: genesis::DataError when there is none.
  int32_t special_id(std::string_view text) const;
  int32_t eod_id() const;  ///< <|endoftext|>, also the padding
  int32_t eos_token_id() const { return eod_id(); }
  int32_t im_start_id() const;  ///< <|im_start|>
  int32_t im_end_id() const;    ///< <|im_end|>

 private:
  struct Shared;
  std::shared_ptr<const Shared> shared_;
};

}  // namespace genesis::data
