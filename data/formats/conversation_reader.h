#pragma once
#include <filesystem>
#include <optional>
#include <string>
#include <utility>

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
///   The file is a JSON list of objects (first character `[`), JSON Lines (`{`), or plain text: a name that
///   ends in .txt (.txt.gz, .txt.zst), or the format `text` given for a file that begins otherwise; then each
///   line that is not empty is a document. All records have one format: the given one, or that of the first
///   record.
/// Errors: RecordError `file:line:column: reason` (text_source, json_value, record_format), and for a file
/// that is empty, is neither list nor lines, or holds no record.
class ConversationReader {
 public:
  explicit ConversationReader(std::filesystem::path path, std::optional<RecordFormat> format = std::nullopt)
      : ConversationReader(TextSource(std::move(path)), format) {}
  ConversationReader(TextSource source, std::optional<RecordFormat> format);

  /// The next record; nothing at the end of the file.
  std::optional<ConversationRecord> next();

  /// After next() threw: makes ready for the record after the bad one. False where that cannot be found:
  /// inside a JSON list whose syntax is broken.
  bool pass_over();

  /// The format of the file; known from the beginning when given, else after the first record.
  std::optional<RecordFormat> format() const { return format_; }
  /// The file and a place in it, for errors found later.
  RecordError error(SourcePosition at, std::string_view reason, Fault fault = Fault::format) const {
    return source_.error(at, reason, fault);
  }
  /// Bytes of the file read so far, as they lie on disk.
  int64_t file_bytes() const { return source_.file_bytes(); }

 private:
  enum class Layout : uint8_t { list, lines, text };
  bool find_record();
  void end_line();
  std::optional<ConversationRecord> next_document();

  TextSource source_;
  std::optional<RecordFormat> format_;
  Layout layout_ = Layout::lines;
  bool started_ = false, done_ = false;
  bool whole_ = true;  // list: the record at hand was read to its end
};

}  // namespace genesis::data
