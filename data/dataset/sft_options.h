#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "data/chat/chat_format.h"
#include "data/formats/record_format.h"

namespace genesis::data {

/// What happens to a sample of more than max_seq_len tokens.
///   error: RecordError naming file and record
///   drop:  it is left out
///   right: its first max_seq_len tokens are kept
///   turn:  its first turns are kept, as many as fit and end with an answer
/// right and turn drop a sample of which no supervised token would be left.
enum class Truncation : uint8_t { error, drop, right, turn };

/// What happens to a record that cannot be used: DataError, or it is counted and left out.
enum class OnBadRecord : uint8_t { stop, skip };

std::string_view name_of(Truncation truncation);
std::string_view name_of(OnBadRecord policy);
/// Errors: ConfigError naming the accepted words ("truncate" is an older word for right).
Truncation truncation_from(std::string_view word);

/// How records become samples.
struct SftOptions {
  LossOn loss_on = LossOn::assistant;
  int64_t max_seq_len = 2048;  ///< tokens
  Truncation truncation = Truncation::right;
  std::optional<RecordFormat> format;  ///< absent: each file's first record says
  bool parse_special = false;          ///< special forms written in contents become their tokens
  OnBadRecord on_bad_record = OnBadRecord::stop;
  int64_t max_bad_records = 100;  ///< with skip: more of them are an error
  bool survey = false;  ///< go on after any bad record, even inside a broken JSON list: for an audit
  int threads = 0;      ///< that tokenise; 0: thread_count()

  /// The fields that decide about tokens and labels, in one line, for digests.
  std::string settings() const;
};

}  // namespace genesis::data
