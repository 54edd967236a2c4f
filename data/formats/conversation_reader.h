#pragma once
#include <filesystem>
#include <optional>
#include <string>

#include "data/chat/conversation.h"
#include "data/formats/record_format.h"
#include "data/formats/text_source.h"

namespace genesis::data {

/// A conversation and where its record begins.
struct ConversationRecord {
  Conversation conversation;
  SourcePosition at;
  /// What kind of question its last one is, for scores by task: the record's "task", or what stands before
  /// `|` in the last of its "keys" (the files of `genesis samples`). Empty where it has neither.
  std::string task;
};

/// Reads the records of one file one after the other; memory is that of one record.
///   The file is a JSON list of objects (first character `[`) or JSON Lines (`{`), and all its records have
///   one format: the given one, or that of the first record.
/// Errors: DataError `file:line:column: reason` (text_source, json_value, record_format), and for a file that
/// is
///   empty, is neither list nor lines, or holds no record.
class ConversationReader {
 public:
  explicit ConversationReader(std::filesystem::path path, std::optional<RecordFormat> format = std::nullopt);

  /// The next record; nothing at the end of the file.
  std::optional<ConversationRecord> next();

  /// The format of the file; known from the beginning when given, else after the first record.
  std::optional<RecordFormat> format() const { return format_; }
  /// The file and a place in it, for errors found later.
  DataError error(SourcePosition at, std::string_view reason) const { return source_.error(at, reason); }

 private:
  bool find_record();

  TextSource source_;
  std::optional<RecordFormat> format_;
  bool list_ = false, started_ = false, done_ = false;
};

}  // namespace genesis::data
