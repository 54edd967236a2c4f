#pragma once
#include <deque>
#include <functional>
#include <initializer_list>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "trainer/config/train_config.h"
#include "trainer/config/value_types.h"

namespace genesis::trainer {

/// One row of the table that parsing, `--help-config`, docs/config.md and the written config are all made
/// from.
struct Key {
  std::string name;
  std::string group;
  std::string type;  ///< "integer", "number", "true or false", "text", "list", or "a | b | c"
  std::string help;  ///< one line
  Range range;
  std::vector<std::string> aliases;         ///< other spellings, anywhere
  std::vector<std::string> nested_aliases;  ///< other spellings in a model file or under `model:`
  bool in_model = false;                    ///< a key of ModelSection
  bool takes_bare_flag = false;             ///< `--packing` alone means true
  /// Checks and stores. Errors: ConfigError that starts with entry.about().
  std::function<void(TrainConfig&, const Entry&, const Range&)> set;
  /// The value as YAML; nothing when it is absent.
  std::function<std::optional<std::string>(const TrainConfig&)> yaml;

  Key& at_least(double lowest);
  Key& above(double lowest);
  Key& at_most(double highest);
  Key& below(double highest);
  Key& also(std::initializer_list<const char*> spellings);
  Key& also_in_model(std::initializer_list<const char*> spellings);
};

/// Builds rows: the type, the reader and the writer follow from the member's C++ type.
class KeyTable {
 public:
  void group(std::string title, bool in_model = false);

  template <class Owner, class T>
  Key& add(std::string name, T Owner::*member, std::string help) {
    Key& key = rows_.emplace_back();
    key.name = std::move(name);
    key.group = group_;
    key.help = std::move(help);
    key.in_model = in_model_;
    key.type = ValueType<T>::describe();
    key.takes_bare_flag = ValueType<T>::kBareFlag;
    key.set = [member](TrainConfig& c, const Entry& e, const Range& range) {
      owner<Owner>(c).*member = ValueType<T>::read(e, range);
    };
    key.yaml = [member](const TrainConfig& c) { return ValueType<T>::write(owner<Owner>(c).*member); };
    return key;
  }

  const std::deque<Key>& rows() const { return rows_; }

 private:
  template <class Owner, class C>
  static auto& owner(C& config) {
    if constexpr (std::is_same_v<Owner, TrainConfig>)
      return config;
    else
      return config.model;
  }

  std::deque<Key> rows_;  // a deque: add() hands out references
  std::string group_;
  bool in_model_ = false;
};

/// Every key of a config: those of TrainConfig, then those of ModelSection. Built once.
const std::deque<Key>& config_keys();

void add_train_keys(KeyTable& table);  ///< trainer/config/train_keys.cpp
void add_model_keys(KeyTable& table);  ///< trainer/config/model_keys.cpp

}  // namespace genesis::trainer
