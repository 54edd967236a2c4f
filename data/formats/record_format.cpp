#include "data/formats/record_format.h"

#include "kernels/core/check.h"

namespace genesis::data {
namespace {

using Kind = JsonValue::Kind;
constexpr RecordFormat kFormats[] = {RecordFormat::conversations, RecordFormat::messages,
                                     RecordFormat::alpaca, RecordFormat::prompt_completion};

struct Keys {
  std::string_view first, second;  // second may be empty
};
Keys keys_of(RecordFormat format) {
  switch (format) {
    case RecordFormat::conversations:
      return {"conversations", ""};
    case RecordFormat::messages:
      return {"messages", ""};
    case RecordFormat::alpaca:
      return {"instruction", "output"};
    case RecordFormat::prompt_completion:
      return {"prompt", "completion"};
  }
  throw InvariantError("record format out of range");
}

/// Reads the members of one record; every complaint names the place.
class RecordReader {
 public:
  RecordReader(const JsonValue& record, const TextSource& source) : record_(record), source_(source) {}

  const JsonValue& member(const JsonValue& object, std::string_view key, Kind kind) const {
    const JsonValue* value = object.find(key);
    if (!value) throw error(object, fmt::format("has no \"{}\"", key));
    return expect(*value, key, kind);
  }
  const JsonValue* optional_member(std::string_view key, Kind kind) const {
    const JsonValue* value = record_.find(key);
    return value && value->kind != Kind::null ? &expect(*value, key, kind) : nullptr;
  }
  const JsonValue& expect(const JsonValue& value, std::string_view what, Kind kind) const {
    if (value.kind != kind)
      throw error(value,
                  fmt::format("\"{}\" is {}, but must be {}", what, name_of(value.kind), name_of(kind)));
    return value;
  }
  DataError error(const JsonValue& at, std::string_view reason) const { return source_.error(at.at, reason); }

  void read_system(Conversation& to) const {
    if (const JsonValue* system = optional_member("system", Kind::string)) to.system = system->text;
  }
  void add(Conversation& to, Role role, const JsonValue& at, std::string text) const {
    if (text.empty()) throw error(at, fmt::format("the text of the {} turn is empty", name_of(role)));
    if (!to.turns.empty() && to.turns.back().role == role)
      throw error(at, fmt::format("two {0} turns follow each other (turns {1} and {2})", name_of(role),
                                  to.turns.size(), to.turns.size() + 1));
    to.turns.push_back({role, std::move(text)});
  }

  /// A list of {role, content} objects under the two key names given.
  Conversation turns(std::string_view list, std::string_view role_key, std::string_view text_key,
                     bool gpt_names) const {
    Conversation result;
    read_system(result);
    const JsonValue& items = member(record_, list, Kind::array);
    if (items.items.empty()) throw error(items, fmt::format("\"{}\" is empty", list));
    for (const JsonValue& item : items.items) {
      expect(item, fmt::format("turn {}", &item - items.items.data() + 1), Kind::object);
      const JsonValue& role = member(item, role_key, Kind::string);
      const JsonValue& text = member(item, text_key, Kind::string);
      if (role.text == "system") {
        if (&item != items.items.data()) throw error(role, "a system turn must be the first turn");
        if (result.system)
          throw error(role, "the system text is given twice: in \"system\" and in the first turn");
        result.system = text.text;
      } else if (role.text == "user" || (gpt_names && role.text == "human")) {
        add(result, Role::user, text, text.text);
      } else if (role.text == "assistant" || (gpt_names && role.text == "gpt")) {
        add(result, Role::assistant, text, text.text);
      } else {
        throw error(role, fmt::format("role \"{}\" is unknown; known are system, user, assistant{}",
                                      role.text, gpt_names ? " (and human, gpt)" : ""));
      }
    }
    return result;
  }

  Conversation alpaca() const {
    Conversation result;
    read_system(result);
    if (const JsonValue* history = optional_member("history", Kind::array))
      for (const JsonValue& exchange : history->items) {
        if (expect(exchange, "history", Kind::array).items.size() != 2)
          throw error(exchange, "an exchange of \"history\" must be a list of two strings");
        for (int i : {0, 1}) {
          const JsonValue& text = expect(exchange.items[size_t(i)], "history", Kind::string);
          add(result, i == 0 ? Role::user : Role::assistant, text, text.text);
        }
      }
    const JsonValue& instruction = member(record_, "instruction", Kind::string);
    const JsonValue* input = optional_member("input", Kind::string);
    std::string question = instruction.text;
    if (input && !input->text.empty()) question += (question.empty() ? "" : "\n") + input->text;
    add(result, Role::user, instruction, std::move(question));
    const JsonValue& output = member(record_, "output", Kind::string);
    add(result, Role::assistant, output, output.text);
    return result;
  }

  Conversation prompt_completion() const {
    Conversation result;
    read_system(result);
    const JsonValue& prompt = member(record_, "prompt", Kind::string);
    add(result, Role::user, prompt, prompt.text);
    const JsonValue& completion = member(record_, "completion", Kind::string);
    add(result, Role::assistant, completion, completion.text);
    return result;
  }

 private:
  const JsonValue& record_;
  const TextSource& source_;
};

}  // namespace

std::string_view name_of(RecordFormat format) {
  constexpr std::string_view names[] = {"conversations", "messages", "alpaca", "prompt_completion"};
  return names[size_t(format)];
}

RecordFormat record_format_from(std::string_view word) {
  for (RecordFormat format : kFormats)
    if (word == name_of(format)) return format;
  throw ConfigError(
      "dataset_format '{}' is unknown; known are conversations, messages, alpaca, prompt_completion", word);
}

RecordFormat detect_format(const JsonValue& record, const TextSource& source) {
  std::vector<RecordFormat> found;
  for (RecordFormat format : kFormats) {
    const Keys keys = keys_of(format);
    if (record.find(keys.first) && (keys.second.empty() || record.find(keys.second))) found.push_back(format);
  }
  if (found.size() == 1) return found.front();
  if (found.size() > 1)
    throw source.error(record.at,
                       fmt::format("the record fits the formats {} and {}; say which with dataset_format",
                                   name_of(found[0]), name_of(found[1])));
  std::string keys;
  for (const auto& [name, value] : record.members)
    if (keys.size() < 200) keys += (keys.empty() ? "\"" : ", \"") + name + "\"";
  throw source.error(
      record.at,
      fmt::format("no known record format: its keys are {}; expected \"conversations\", \"messages\", "
                  "\"instruction\" with \"output\", or \"prompt\" with \"completion\"",
                  keys.empty() ? "none" : keys));
}

Conversation conversation_from(const JsonValue& record, RecordFormat format, const TextSource& source) {
  const RecordReader reader(record, source);
  Conversation result;
  switch (format) {
    case RecordFormat::conversations:
      result = reader.turns("conversations", "from", "value", true);
      break;
    case RecordFormat::messages:
      result = reader.turns("messages", "role", "content", false);
      break;
    case RecordFormat::alpaca:
      result = reader.alpaca();
      break;
    case RecordFormat::prompt_completion:
      result = reader.prompt_completion();
      break;
  }
  for (const Turn& turn : result.turns)
    if (turn.role == Role::assistant) return result;
  throw reader.error(record, "the record has no assistant turn, so there is nothing to learn from");
}

}  // namespace genesis::data
