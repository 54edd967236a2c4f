#include "trainer/config/read_arguments.h"

#include <algorithm>
#include <cctype>

#include "kernels/core/error.h"
#include "trainer/config/key.h"
#include "trainer/config/read_yaml.h"
#include "trainer/config/scalar.h"

namespace genesis::trainer {
namespace {

constexpr const char* kPlace = "command line";

Value value_of(const std::string& key, const std::string& text) {
  if (text.empty() || text == "null" || text == "~") return {};
  if (text.front() != '[') return {Value::Kind::plain, text, {}};
  try {
    return read_yaml("value: " + text, kPlace).at(0).value;
  } catch (const ConfigError&) {
    throw ConfigError("{}: key '{}': '{}' is not a list such as [a, b]", kPlace, key, text);
  }
}

bool takes_bare_flag(const std::string& name) {
  const auto& keys = config_keys();
  return std::any_of(keys.begin(), keys.end(), [&](const Key& k) {
    return k.takes_bare_flag &&
           (k.name == name || std::find(k.aliases.begin(), k.aliases.end(), name) != k.aliases.end());
  });
}

bool names_key(const std::string& word) {
  return !word.empty() && std::all_of(word.begin(), word.end(), [](unsigned char c) {
    return std::isalnum(c) || c == '_' || c == '.' || c == '[' || c == ']';
  });
}

}  // namespace

ConfigArguments read_arguments(const std::vector<std::string>& words) {
  ConfigArguments a;
  const auto add = [&a](const std::string& key, const std::string& text) {
    a.overrides.push_back({key, value_of(key, text), kPlace});
  };
  for (size_t i = 0; i < words.size(); ++i) {
    const std::string& word = words[i];
    const size_t equals = word.find('=');
    if (word == "--") continue;
    if (word == "-h" || word == "--help") {
      a.help = true;
    } else if (word == "--help-config") {
      a.help_config = true;
    } else if (word.starts_with("--")) {
      std::string key = word.substr(2, equals == std::string::npos ? equals : equals - 2);
      std::replace(key.begin(), key.end(), '-', '_');
      const bool last = i + 1 == words.size();
      if (equals != std::string::npos) {
        add(key, word.substr(equals + 1));
      } else if (takes_bare_flag(key) && (last || !parse_boolean(words[i + 1]))) {
        add(key, "true");
      } else if (last || words[i + 1].starts_with("--")) {
        throw ConfigError("{}: key '{}' has no value", kPlace, key);
      } else {
        add(key, words[++i]);
      }
    } else if (equals != std::string::npos && names_key(word.substr(0, equals))) {
      add(word.substr(0, equals), word.substr(equals + 1));
    } else if (a.path.empty()) {
      a.path = word;
    } else {
      throw ConfigError(
          "{}: '{}' is not understood: the config is '{}', and the rest is key=value or --key value", kPlace,
          word, a.path);
    }
  }
  return a;
}

}  // namespace genesis::trainer
