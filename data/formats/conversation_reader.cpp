#include "data/formats/conversation_reader.h"

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

}  // namespace

ConversationReader::ConversationReader(std::filesystem::path path, std::optional<RecordFormat> format)
    : source_(std::move(path)), format_(format) {
  source_.skip_space();
  if (source_.at_end()) throw DataError("{}: is empty", source_.path().string());
  list_ = source_.peek() == '[';
  if (!list_ && source_.peek() != '{')
    throw source_.error(source_.position(), "expected '[' (a JSON list) or '{' (JSON Lines)");
  if (list_) source_.take();
}

/// Moves to the `{` of the next record; false at a proper end.
bool ConversationReader::find_record() {
  const auto here = [&] { return source_.position(); };
  if (!list_) {
    if (started_) {  // the rest of the record's line
      while (!source_.at_end() && source_.peek() != '\n') {
        const char c = source_.take();
        if (c != ' ' && c != '\t' && c != '\r')
          throw source_.error(source_.last_position(), "bad JSON: text after the record on its line");
      }
    }
    source_.skip_space();
    if (source_.at_end()) return false;
  } else {
    source_.skip_space();
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

std::optional<ConversationRecord> ConversationReader::next() {
  if (done_) return std::nullopt;
  if (!find_record()) {
    done_ = true;
    return std::nullopt;
  }
  started_ = true;
  const JsonValue record = read_json_object(source_, !list_);
  if (!format_) format_ = detect_format(record, source_);
  return ConversationRecord{conversation_from(record, *format_, source_), record.at, task_of(record)};
}

}  // namespace genesis::data
