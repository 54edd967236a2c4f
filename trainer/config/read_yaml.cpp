#include "trainer/config/read_yaml.h"

#include <yaml-cpp/yaml.h>

#include <cerrno>
#include <cstring>
#include <fstream>

#include "kernels/core/error.h"
#include "models/config/yaml_check.h"

namespace genesis::trainer {
namespace {

constexpr int kDeepestMap = 8;             // anchors can make a map contain itself
constexpr size_t kMostEntries = 10'000;    // and can multiply
constexpr size_t kLargestFile = 4u << 20;  // bytes

class Reader {
 public:
  explicit Reader(const std::string& name) : name_(name) {}

  std::vector<Entry> read(const std::string& text) {
    models::check_yaml(text, name_);
    std::vector<YAML::Node> documents;
    try {
      documents = YAML::LoadAll(text);
    } catch (const YAML::Exception& e) {
      throw ConfigError("{}:{}:{}: not YAML: {}", name_, e.mark.line + 1, e.mark.column + 1, e.msg);
    }
    if (documents.size() > 1)
      throw ConfigError("{}:{}: a second YAML document; a config is one", name_, line_of(documents[1]));
    if (documents.empty() || documents[0].IsNull()) return {};
    if (!documents[0].IsMap())
      throw ConfigError("{}:{}: a config is a map of `key: value`", name_, line_of(documents[0]));
    add_map(documents[0], "", 1);
    return std::move(entries_);
  }

 private:
  static int line_of(const YAML::Node& node) { return node.Mark().line + 1; }
  std::string where(const YAML::Node& node) const { return name_ + ":" + std::to_string(line_of(node)); }

  void add_map(const YAML::Node& map, const std::string& prefix, int depth) {
    if (depth > kDeepestMap)
      throw ConfigError("{}: maps nest deeper than {} levels", where(map), kDeepestMap);
    for (const auto& pair : map) {
      if (!pair.first.IsScalar()) throw ConfigError("{}: a key must be a word", where(pair.first));
      add(prefix + pair.first.Scalar(), where(pair.first), pair.second, depth);
    }
  }

  void add(const std::string& key, const std::string& place, const YAML::Node& node, int depth) {
    if (entries_.size() >= kMostEntries) throw ConfigError("{}: more than {} keys", place, kMostEntries);
    if (node.IsMap()) return add_map(node, key + ".", depth + 1);
    if (node.IsSequence() && node.size() > 0 && node[0].IsMap()) return add_maps(key, node);
    entries_.push_back({key, value_of(node, key, place), place});
  }

  Value value_of(const YAML::Node& node, const std::string& key, const std::string& place) const {
    Value value;
    if (node.IsScalar()) {
      value.kind = node.Tag() == "!" ? Value::Kind::quoted : Value::Kind::plain;
      value.text = node.Scalar();
    } else if (node.IsSequence()) {
      value.kind = Value::Kind::list;
      for (const auto& item : node) {
        if (!item.IsScalar())
          throw ConfigError("{}: key '{}': an item of the list is not a word or number", place, key);
        value.items.push_back(item.Scalar());
      }
    }
    return value;
  }

  /// [{path: a}, {path: b}] becomes `key[].path: [a, b]`.
  void add_maps(const std::string& key, const YAML::Node& sequence) {
    std::vector<Entry> columns;
    for (const auto& item : sequence) {
      if (!item.IsMap()) throw ConfigError("{}: key '{}' mixes maps and words in one list", where(item), key);
      for (const auto& pair : item) {
        if (!pair.first.IsScalar() || !pair.second.IsScalar())
          throw ConfigError("{}: key '{}': only `word: word` is understood inside its list", where(item),
                            key);
        const std::string name = key + "[]." + pair.first.Scalar();
        auto column = columns.begin();
        while (column != columns.end() && column->key != name) ++column;
        if (column == columns.end())
          column = columns.insert(column, {name, {Value::Kind::list, "", {}}, where(pair.first)});
        column->value.items.push_back(pair.second.Scalar());
      }
    }
    entries_.insert(entries_.end(), columns.begin(), columns.end());
  }

  std::string name_;
  std::vector<Entry> entries_;
};

}  // namespace

std::vector<Entry> read_yaml(const std::string& text, const std::string& name) {
  return Reader(name).read(text);
}

std::vector<Entry> read_yaml_file(const std::filesystem::path& path) {
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored))
    throw ConfigError("{}: is a folder, not a config file", path.string());
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  if (!file) throw ConfigError("{}: cannot read the config: {}", path.string(), std::strerror(errno));
  std::string text(kLargestFile + 1, '\0');  // [bytes]
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<size_t>(file.gcount()));
  if (file.bad()) throw ConfigError("{}: cannot read the config: {}", path.string(), std::strerror(errno));
  if (text.size() > kLargestFile) throw ConfigError("{}: more than 4 MiB, which no config is", path.string());
  return read_yaml(text, path.string());
}

}  // namespace genesis::trainer
