#include "trainer/config/apply.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "kernels/core/error.h"
#include "trainer/config/key.h"
#include "trainer/config/scalar.h"
#include "trainer/config/suggest.h"

namespace genesis::trainer {
namespace {

constexpr std::string_view kModelPrefix = "model.";

bool contains(const std::vector<std::string>& words, std::string_view word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

std::string_view without_prefix(std::string_view name) {
  return name.starts_with(kModelPrefix) ? name.substr(kModelPrefix.size()) : name;
}

/// The key that `spelling` names in `scope`, or null.
const Key* find_key(std::string_view spelling, Scope scope) {
  for (const auto& key : config_keys()) {
    if (scope == Scope::train && (key.name == spelling || contains(key.aliases, spelling))) return &key;
    if (scope == Scope::model && key.in_model &&
        (without_prefix(key.name) == spelling || contains(key.aliases, spelling) ||
         contains(key.nested_aliases, spelling)))
      return &key;
  }
  return nullptr;
}

[[noreturn]] void unknown(const Entry& entry, std::string_view spelling, Scope scope) {
  std::vector<std::string> names;
  for (const auto& key : config_keys()) {
    if (scope == Scope::model && !key.in_model) continue;
    names.emplace_back(scope == Scope::model ? without_prefix(key.name) : key.name);
  }
  for (const auto& key : config_keys())
    if (scope == Scope::train || key.in_model)
      names.insert(names.end(), key.aliases.begin(), key.aliases.end());
  std::string note = did_you_mean(spelling, names);
  if (note.empty() && scope == Scope::model && find_key(spelling, Scope::train))
    note = "; it belongs into the training config, not to the model";
  throw ConfigError("{} is unknown{}", entry.about(), note);
}

std::string value_word(const Value& value) {
  if (value.kind == Value::Kind::list) return fmt::format("{}", fmt::join(value.items, ","));
  if (const auto flag = parse_boolean(value.text)) return *flag ? "true" : "false";
  return value.text;
}

/// One layer on its way into the config.
class Layer {
 public:
  Layer(TrainConfig& config, std::vector<std::string>& notices) : config_(config), notices_(notices) {}

  void add(const Entry& entry, Scope scope) {
    std::string_view spelling = entry.key;
    if (scope == Scope::train && spelling.starts_with(kModelPrefix)) scope = Scope::model;
    if (scope == Scope::model) spelling = without_prefix(spelling);
    if (const Key* key = find_key(spelling, scope)) {
      if (key->name == "warmup_steps" && is_share(entry.value)) return add_share(entry);
      if (without_prefix(key->name) != spelling)
        notices_.push_back(fmt::format("{}: '{}' is read as '{}'", entry.where, entry.key, key->name));
      return store(*key, entry);
    }
    if (const ForeignKey* foreign = find_foreign(spelling, scope)) return translate(*foreign, entry);
    unknown(entry, spelling, scope);
  }

 private:
  struct Seen {
    std::string spelling;
    std::string where;
  };

  static bool is_share(const Value& value) {
    const auto number = value.kind == Value::Kind::plain ? parse_real(value.text) : std::nullopt;
    return number && *number > 0 && *number < 1;
  }

  void add_share(const Entry& entry) {
    notices_.push_back(
        fmt::format("{}: '{}: {}' is read as 'warmup_ratio'", entry.where, entry.key, entry.value.text));
    store(*find_key("warmup_ratio", Scope::train), entry);
  }

  void translate(const ForeignKey& foreign, const Entry& entry) {
    const std::string given = value_word(entry.value);
    const auto row = std::find_if(foreign.values.begin(), foreign.values.end(),
                                  [&](const auto& v) { return v.first == "*" || v.first == given; });
    if (row == foreign.values.end())
      throw ConfigError("{} cannot be {}: {}", entry.about(), entry.value.shown(), foreign.reason);
    if (foreign.targets.empty() && row->first == "*")
      notices_.push_back(fmt::format("{}: '{}' has no effect here", entry.where, entry.key));
    if (row->second.empty()) return;
    for (const auto& target : foreign.targets) {
      Entry translated = entry;
      if (row->second != "=") translated.value = {Value::Kind::plain, row->second, {}};
      notices_.push_back(fmt::format("{}: '{}: {}' is read as '{}: {}'", entry.where, entry.key, given,
                                     target, translated.value.text));
      store(*find_key(target, Scope::train), translated);
    }
  }

  void store(const Key& key, const Entry& entry) {
    const auto earlier = seen_.find(key.name);
    if (earlier == seen_.end()) {
      key.set(config_, entry, key.range);
      config_.origins.where[key.name] = entry.where;
      seen_[key.name] = {entry.key, entry.where};
      return;
    }
    if (earlier->second.spelling == entry.key)
      throw ConfigError("{} is given twice (first at {})", entry.about(), earlier->second.where);
    TrainConfig other = config_;
    key.set(other, entry, key.range);
    if (key.yaml(other) != key.yaml(config_))
      throw ConfigError("{} says {} = {}, but '{}' at {} says {}", entry.about(), key.name,
                        key.yaml(other).value_or("nothing"), earlier->second.spelling, earlier->second.where,
                        key.yaml(config_).value_or("nothing"));
  }

  TrainConfig& config_;
  std::vector<std::string>& notices_;
  std::map<std::string, Seen> seen_;  // by canonical name
};

/// Hugging Face writes true, false and null here.
void normalise_resume(std::string& resume) {
  if (resume.empty()) resume = "none";
  if (const auto flag = parse_boolean(resume)) resume = *flag ? "auto" : "none";
}

}  // namespace

void apply_entries(const std::vector<Entry>& layer, Scope scope, TrainConfig& config,
                   std::vector<std::string>& notices) {
  Layer into(config, notices);
  for (const auto& entry : layer) into.add(entry, scope);
  normalise_resume(config.resume_from_checkpoint);
}

}  // namespace genesis::trainer
