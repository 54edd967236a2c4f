#include "data/formats/conversation_reader.h"

#include <algorithm>

#include "data/tokenizer/utf8.h"

namespace genesis::data {
namespace {

std::string task_of(const JsonValue& record) {
  if (const JsonValue* task = record.find("task"); task && task->kind == JsonValue::Kind::string)
    return task->text;
  const JsonValue* keys = record.find("keys");
  if (!keys || keys->kind != JsonValue::Kind::array || keys->items.empty()) return {};
  const std::string& last = keys->items.back().text;
  return last.substr(0, last.find('|'));
}

/// "x.txt", "x.txt.gz", "x.txt.zst".
bool named_as_text(std::filesystem::path path) {
  if (path.extension() == ".gz" || path.extension() == ".zst") path.replace_extension();
  return path.extension() == ".txt";
}

/// Column, from 1, of byte `offset` of a line.
int64_t column_of(std::string_view line, size_t offset) {
  return 1 + std::count_if(line.begin(), line.begin() + int64_t(offset),
                           [](char c) { return (uint8_t(c) & 0xC0) != 0x80; });
}

}  // namespace

ConversationReader::ConversationReader(TextSource source, std::optional<RecordFormat> format)
    : source_(std::move(source)), format_(format) {
  const bool may_be_text = format_.value_or(RecordFormat::text) == RecordFormat::text;
  if (may_be_text && named_as_text(source_.path())) layout_ = Layout::text;
  if (layout_ == Layout::text && source_.at_end()) throw DataError("{}: is empty", source_.path().string());
  if (layout_ == Layout::text) return;
  source_.skip_space();
  if (source_.at_end()) throw DataError("{}: is empty", source_.path().string());
  if (source_.peek() == '[') {
    layout_ = Layout::list;
    source_.take();
  } else if (source_.peek() != '{') {
    if (format_ != RecordFormat::text)
      throw source_.error(source_.position(), "expected '[' (a JSON list) or '{' (JSON Lines)");
    layout_ = Layout::text;
  }
}

/// Moves to the `{` of the next record; false at a proper end.
bool ConversationReader::find_record() {
  const auto here = [&] { return source_.position(); };
  source_.skip_space();
  if (layout_ == Layout::lines) {
    if (source_.at_end()) return false;
  } else {
    if (source_.at_end()) throw source_.error(here(), "cut off: the list does not end with ']'");
    if (source_.peek() == ']') {
      if (!started_) throw source_.error(here(), "the list holds no record");
      source_.take();
      source_.skip_space();
      if (!source_.at_end()) throw source_.error(here(), "bad JSON: text after the end of the list");
      return false;
    }
    if (started_) {
      if (source_.peek() != ',') throw source_.error(here(), "bad JSON: expected ',' or ']' after a record");
      source_.take();
      source_.skip_space();
      if (source_.at_end()) throw source_.error(here(), "cut off: the list does not end with ']'");
    }
  }
  if (source_.peek() != '{') throw source_.error(here(), "a record must be a JSON object, '{'");
  return true;
}

/// The rest of a record's line may hold blanks only.
void ConversationReader::end_line() {
  while (!source_.at_end() && source_.peek() != '\n') {
    const char c = source_.take();
    if (c != ' ' && c != '\t' && c != '\r')
      throw source_.error(source_.last_position(), "bad JSON: text after the record on its line");
  }
}

std::optional<ConversationRecord> ConversationReader::next_document() {
  while (!source_.at_end()) {
    ConversationRecord record;
    record.at = source_.position();
    std::string line;
    while (!source_.at_end() && source_.peek() != '\n') {
      if (int64_t(line.size()) == kMostRecordBytes) {
        const SourcePosition at = source_.position();
        source_.skip_line();
        throw source_.error(at, fmt::format("the line has more than {} MiB", kMostRecordBytes >> 20),
                            Fault::too_large);
      }
      line += source_.take();
    }
    if (!source_.at_end()) source_.take();
    if (line.ends_with('\r')) line.pop_back();
    if (line.find_first_not_of(" \t") == std::string::npos) continue;
    const size_t good = valid_utf8_prefix(line), nul = std::min(line.find('\0'), line.size());
    if (std::min(good, nul) < line.size())
      throw source_.error({record.at.line, column_of(line, std::min(good, nul))},
                          nul < good ? "a NUL byte is no text" : "ill-formed UTF-8", Fault::encoding);
    record.conversation.document = std::move(line);
    started_ = true;
    return record;
  }
  if (!started_) throw DataError("{}: holds no text", source_.path().string());
  return std::nullopt;
}

std::optional<ConversationRecord> ConversationReader::next() {
  if (done_) return std::nullopt;
  whole_ = layout_ != Layout::list;
  std::optional<ConversationRecord> result;
  if (layout_ == Layout::text) {
    result = next_document();
  } else if (find_record()) {
    started_ = true;
    const JsonValue record = read_json_object(source_, layout_ == Layout::lines);
    whole_ = true;
    if (layout_ == Layout::lines) end_line();
    if (!format_) format_ = detect_format(record, source_);
    result = ConversationRecord{conversation_from(record, *format_, source_), record.at, task_of(record)};
  }
  done_ = !result;
  return result;
}

bool ConversationReader::pass_over() {
  if (layout_ == Layout::list) return whole_;
  if (layout_ == Layout::lines) source_.skip_line();  // a document's line has been taken whole
  started_ = true;
  return true;
}

}  // namespace genesis::data
