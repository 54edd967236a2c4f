#include "trainer/commands/own_options.h"

#include <algorithm>

#include "kernels/core/error.h"

namespace genesis::trainer {

bool take_flag(std::vector<std::string>& words, const std::string& name) {
  const auto found = std::find(words.begin(), words.end(), name);
  if (found == words.end()) return false;
  words.erase(found);
  return true;
}

std::optional<std::string> take_value(std::vector<std::string>& words, const std::string& name) {
  for (auto word = words.begin(); word != words.end(); ++word) {
    if (word->starts_with(name + "=")) {
      std::string value = word->substr(name.size() + 1);
      words.erase(word);
      return value;
    }
    if (*word != name) continue;
    if (word + 1 == words.end()) throw ConfigError("command line: {} needs a value", name);
    std::string value = *(word + 1);
    words.erase(word, word + 2);
    return value;
  }
  return std::nullopt;
}

}  // namespace genesis::trainer
