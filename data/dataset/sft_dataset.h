#pragma once
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "data/chat/chat_format.h"
#include "data/dataset/sample_store.h"
#include "data/formats/record_format.h"

namespace genesis::data {

/// What happens to a sample of more than max_seq_len tokens.
///   truncate: its first max_seq_len tokens are kept; dropped when no supervised token is left
///   drop:     it is left out
///   error:    DataError naming file and record
enum class OnTooLong : uint8_t { truncate, drop, error };

std::string_view name_of(OnTooLong policy);
/// Errors: ConfigError naming the accepted words.
OnTooLong on_too_long_from(std::string_view word);

struct SftOptions {
  LossOn loss_on = LossOn::assistant;
  int64_t max_seq_len = 2048;  ///< tokens
  OnTooLong on_too_long = OnTooLong::truncate;
  std::optional<RecordFormat> format;  ///< absent: each file's first record says
};

/// Counts of a loaded dataset. records = samples + dropped_too_long + dropped_unsupervised + held_out.
struct SftSummary {
  int64_t files = 0;
  int64_t records = 0;
  int64_t samples = 0;
  int64_t tokens = 0;             ///< of the samples as kept
  int64_t supervised_tokens = 0;  ///< targets with loss, of the samples as kept
  int64_t longest = 0;            ///< tokens of the longest record, before truncation
  int64_t truncated = 0;          ///< samples cut to max_seq_len and kept
  int64_t dropped_too_long = 0;
  int64_t dropped_unsupervised = 0;  ///< cut, and no supervised token left
  int64_t first_turns_left_out = 0;  ///< leading assistant turns a template has no place for
  int64_t held_out = 0;              ///< samples split off for evaluation

  /// One line for people.
  std::string text() const;
};

/// The samples of an SFT run, tokenised and labelled, all in memory.
///   Files are streamed record by record; records are tokenised in parallel; sample order is file order
///   whatever the number of threads. Every kept sample has at least one supervised token.
/// Errors: DataError naming file:line:column for whatever the formats refuse, for a record with nothing to
/// learn
///   from, and for a too long one under OnTooLong::error; DataError when no sample is left.
///   Truncated and dropped samples are counted, and warned about in one line each.
class SftDataset {
 public:
  static SftDataset load(std::span<const std::filesystem::path> files, const ChatFormat& chat,
                         const SftOptions& options);

  /// Splits samples off for evaluation: val_size is a share of all samples when below 1 (rounded, at least
  /// one sample), and their number otherwise. Both parts keep the order of the files, and the digest of each
  /// is the one it would have had, had its samples alone been loaded.
  ///   Returns: the samples split off; this dataset keeps the others.
  /// Errors: ConfigError naming val_size when it is not above 0, no whole number from 1 on, or leaves no
  ///   sample to train on. Nothing is changed then.
  /// Determinism: which samples are chosen is a function of (val_size, seed, number of samples) alone.
  SftDataset hold_out(double val_size, uint64_t seed);

  const SampleStore& samples() const { return samples_; }
  const SftSummary& summary() const { return summary_; }
  /// SHA-256 over everything training sees: every token and label in order, and the options. Equal digests
  /// mean equal samples, whatever the files are called; any change of file, template, tokenizer or mask that
  /// reaches a token shows.
  const std::string& digest() const { return digest_; }

 private:
  /// Counts and digest of `samples_`.
  void finish();

  SampleStore samples_;
  SftSummary summary_;
  std::string settings_;  // of chat format and options, as far as they are digested
  std::string digest_;
};

}  // namespace genesis::data
