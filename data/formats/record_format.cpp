#include "data/formats/record_format.h"

#include "kernels/core/check.h"

namespace genesis::data {
namespace {

using Kind = JsonValue::Kind;
constexpr RecordFormat kFormats[] = {RecordFormat::conversations, RecordFormat::messages,
                                     RecordFormat::alpaca, RecordFormat::prompt_completion,
                                     RecordFormat::text};

struct Keys {
  std::string_view first, second;  // second may be empty
};
constexpr Keys keys_of(RecordFormat format) {
  constexpr Keys keys[] = {{"conversations", ""},
                           {"messages", ""},
                           {"instruction", "output"},
                           {"prompt", "completion"},
                           {"text", ""}};
  return keys[size_t(format)];
}

/// The two keys of a turn.
struct TurnKeys {
  std::string_view role, text;
};
constexpr TurnKeys kFromValue{"from", "value"}, kRoleContent{"role", "content"};

std::optional<Role> role_of(std::string_view word, bool sharegpt_names) {
  if (word == "user" || (sharegpt_names && word == "human")) return Role::user;
  if (word == "assistant") return Role::assistant;
  if (sharegpt_names)
    for (const std::string_view name : {"gpt", "chatgpt", "bing", "bard"})
      if (word == name) return Role::assistant;
  return std::nullopt;
}

constexpr double kLeastWeight = 1e-3, kMostWeight = 1e3;  // beyond them a slip of the pen is more likely

struct TurnLoss {
  std::optional<bool> train;
  float weight = 1;
};

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
  RecordError error(const JsonValue& at, std::string_view reason, Fault fault = Fault::format) const {
    return source_.error(at.at, reason, fault);
  }

  void read_system(Conversation& to) const {
    if (const JsonValue* system = optional_member("system", Kind::string)) to.system = system->text;
  }
  void add(Conversation& to, Role role, const JsonValue& at, std::string text, TurnLoss loss = {}) const {
    if (text.empty())
      throw error(at, fmt::format("the text of the {} turn is empty", name_of(role)), Fault::empty);
    if (!to.turns.empty() && to.turns.back().role == role)
      throw error(at,
                  fmt::format("two {0} turns follow each other (turns {1} and {2})", name_of(role),
                              to.turns.size(), to.turns.size() + 1),
                  Fault::role_order);
    to.turns.push_back({role, std::move(text), loss.train, loss.weight});
  }

  /// What a turn says of its own loss.
  TurnLoss loss_of(const JsonValue& turn) const {
    TurnLoss loss;
    if (const JsonValue* said = turn.find("train"); said && said->kind != Kind::null)
      loss.train = expect(*said, "train", Kind::boolean).truth;
    const JsonValue* weight = turn.find("weight");
    if (!weight || weight->kind == Kind::null) return loss;
    const double w = expect(*weight, "weight", Kind::number).number;
    if (w != 0 && !(w >= kLeastWeight && w <= kMostWeight))
      throw error(*weight, fmt::format("\"weight\" is {}, but must be 0 or from {} to {}", w, kLeastWeight,
                                       kMostWeight));
    if (loss.train && *loss.train != (w != 0)) throw error(*weight, "\"weight\" contradicts \"train\"");
    if (w == 0)
      loss.train = false;
    else
      loss.weight = float(w);
    return loss;
  }

  /// A list of turns; `usual` are the keys this format has by its name.
  Conversation turns(std::string_view list, TurnKeys usual, TurnKeys other) const {
    const bool sharegpt_names = list == "conversations";
    Conversation result;
    read_system(result);
    const JsonValue& items = member(record_, list, Kind::array);
    if (items.items.empty()) throw error(items, fmt::format("\"{}\" is empty", list), Fault::empty);
    for (const JsonValue& item : items.items) {
      expect(item, fmt::format("turn {}", &item - items.items.data() + 1), Kind::object);
      const bool as_usual = item.find(usual.role) || item.find(usual.text) || !item.find(other.role);
      const JsonValue& role = member(item, as_usual ? usual.role : other.role, Kind::string);
      const JsonValue& text = member(item, as_usual ? usual.text : other.text, Kind::string);
      if (role.text == "system") {
        if (&item != items.items.data())
          throw error(role, "a system turn must be the first turn", Fault::role_order);
        if (result.system)
          throw error(role, "the system text is given twice: in \"system\" and in the first turn",
                      Fault::role_order);
        result.system = text.text;
      } else if (const auto known = role_of(role.text, sharegpt_names)) {
        add(result, *known, text, text.text, loss_of(item));
      } else {
        throw error(role,
                    fmt::format("role \"{}\" is unknown; known are system, user, assistant{}", role.text,
                                sharegpt_names ? " (and human, gpt)" : ""),
                    Fault::role_order);
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

  Conversation document() const {
    const JsonValue& text = member(record_, "text", Kind::string);
    if (text.text.empty()) throw error(text, "the document is empty", Fault::empty);
    Conversation result;
    result.document = text.text;
    return result;
  }

 private:
  const JsonValue& record_;
  const TextSource& source_;
};

}  // namespace

std::string_view name_of(RecordFormat format) {
  constexpr std::string_view names[] = {"conversations", "messages", "alpaca", "prompt_completion", "text"};
  return names[size_t(format)];
}

std::optional<RecordFormat> record_format_from(std::string_view word) {
  if (word == "auto") return std::nullopt;
  if (word == "sharegpt") return RecordFormat::conversations;
  for (RecordFormat format : kFormats)
    if (word == name_of(format)) return format;
  throw ConfigError(
      "dataset_format '{}' is unknown; known are auto, conversations, sharegpt, messages, alpaca, "
      "prompt_completion, text",
      word);
}

RecordFormat detect_format(const JsonValue& record, const TextSource& source) {
  std::vector<RecordFormat> found;
  for (RecordFormat format : kFormats) {
    const Keys keys = keys_of(format);
    if (record.find(keys.first) && (keys.second.empty() || record.find(keys.second))) found.push_back(format);
  }
  // "text" often stands beside what it was made from.
  if (found.size() == 2 && found.back() == RecordFormat::text) found.pop_back();
  if (found.size() == 1) return found.front();
  if (found.size() > 1)
    throw source.error(record.at,
                       fmt::format("the record fits the formats {} and {}; say which with dataset_format",
                                   name_of(found[0]), name_of(found[1])),
                       Fault::format);
  std::string keys;
  for (const auto& [name, value] : record.members)
    if (keys.size() < 200) keys += (keys.empty() ? "\"" : ", \"") + name + "\"";
  throw source.error(
      record.at,
      fmt::format("no known record format: its keys are {}; expected \"conversations\", \"messages\", "
                  "\"instruction\" with \"output\", \"prompt\" with \"completion\", or \"text\"",
                  keys.empty() ? "none" : keys),
      Fault::format);
}

Conversation conversation_from(const JsonValue& record, RecordFormat format, const TextSource& source) {
  const RecordReader reader(record, source);
  Conversation result;
  switch (format) {
    case RecordFormat::conversations:
      result = reader.turns("conversations", kFromValue, kRoleContent);
      break;
    case RecordFormat::messages:
      result = reader.turns("messages", kRoleContent, kFromValue);
      break;
    case RecordFormat::alpaca:
      result = reader.alpaca();
      break;
    case RecordFormat::prompt_completion:
      result = reader.prompt_completion();
      break;
    case RecordFormat::text:
      return reader.document();
  }
  for (const Turn& turn : result.turns)
    if (turn.role == Role::assistant) return result;
  throw reader.error(record, "the record has no assistant turn, so there is nothing to learn from",
                     Fault::nothing_to_learn);
}

}  // namespace genesis::data
