#include "trainer/config/key.h"

namespace genesis::trainer {

Key& Key::at_least(double lowest) { return range.lowest = lowest, *this; }
Key& Key::above(double lowest) { return range.lowest = lowest, range.lowest_excluded = true, *this; }
Key& Key::at_most(double highest) { return range.highest = highest, *this; }
Key& Key::below(double highest) { return range.highest = highest, range.highest_excluded = true, *this; }

Key& Key::also(std::initializer_list<const char*> spellings) {
  aliases.insert(aliases.end(), spellings.begin(), spellings.end());
  return *this;
}

Key& Key::also_in_model(std::initializer_list<const char*> spellings) {
  nested_aliases.insert(nested_aliases.end(), spellings.begin(), spellings.end());
  return *this;
}

void KeyTable::group(std::string title, bool in_model) {
  group_ = std::move(title);
  in_model_ = in_model;
}

const std::deque<Key>& config_keys() {
  static const KeyTable table = [] {
    KeyTable t;
    add_train_keys(t);
    add_model_keys(t);
    return t;
  }();
  return table.rows();
}

}  // namespace genesis::trainer
