#pragma once
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "data/chat/chat_format.h"
#include "data/dataset/sample_store.h"
#include "data/dataset/sft_options.h"
#include "data/dataset/sft_summary.h"

namespace genesis::data {

/// The samples of an SFT run, tokenised and labelled, all in memory.
///   Files are streamed record by record; records are tokenised in parallel; sample order is file order
///   whatever the number of threads. Every kept sample has at least one supervised token.
/// Errors: as stream_samples; DataError when no sample is left.
///   Truncated, dropped and skipped records are counted, and warned about in one line each.
class SftDataset {
 public:
  static SftDataset load(std::span<const std::filesystem::path> files, const ChatFormat& chat,
                         const SftOptions& options);

  /// Samples that were tokenised before. `settings`: as settings_of, so that the digest is the one load
  /// gives.
  static SftDataset of(std::shared_ptr<const SampleStore> samples, SftSummary summary, std::string settings);

  /// What of the chat format and the options goes into the digest.
  static std::string settings_of(const ChatFormat& chat, const SftOptions& options);

  /// Another selection of the same samples: indices into samples(), a sample may come more than once.
  void select(std::vector<int64_t> indices);

  /// Splits samples off for evaluation: val_size is a share of all samples when below 1 (rounded, at least
  /// one sample), and their number otherwise. Both parts keep the order of the files, and the digest of each
  /// is the one it would have had, had its samples alone been loaded.
  ///   Returns: the samples split off; this dataset keeps the others.
  /// Errors: ConfigError naming val_size when it is not above 0, no whole number from 1 on, or leaves no
  ///   sample to train on. Nothing is changed then.
  /// Determinism: which samples are chosen is a function of (val_size, seed, number of samples) alone.
  SftDataset hold_out(double val_size, uint64_t seed);

  const SampleStore& samples() const { return *samples_; }
  const SftSummary& summary() const { return summary_; }
  /// SHA-256 over everything training sees: every token and label in order, and the options. Equal digests
  /// mean equal samples, whatever the files are called; any change of file, template, tokenizer or mask that
  /// reaches a token shows.
  const std::string& digest() const { return digest_; }

 private:
  /// Counts and digest of `samples_`.
  void finish();

  std::shared_ptr<const SampleStore> samples_;
  SftSummary summary_;
  std::string settings_;  // of chat format and options, as far as they are digested
  std::string digest_;
};

}  // namespace genesis::data
