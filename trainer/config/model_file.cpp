#include "trainer/config/model_file.h"

#include <algorithm>

#include "trainer/config/apply.h"
#include "trainer/config/key.h"
#include "trainer/config/read_yaml.h"

namespace genesis::trainer {

bool names_model_file(const std::string& path) { return path.ends_with(".yaml") || path.ends_with(".yml"); }

bool is_model_key(const std::string& name) {
  const auto& keys = config_keys();
  return std::any_of(keys.begin(), keys.end(), [&](const Key& k) { return k.in_model && k.name == name; });
}

ModelSection read_model_file(const std::filesystem::path& path, std::vector<std::string>& notices) {
  TrainConfig config;
  apply_entries(read_yaml_file(path), Scope::model, config, notices);
  return config.model;
}

ModelSection overlay(const ModelSection& base, const ModelSection& changes) {
  TrainConfig into, from;
  into.model = base;
  from.model = changes;
  for (const auto& key : config_keys()) {
    if (!key.in_model) continue;
    if (const auto text = key.yaml(from))
      key.set(into, {key.name, {Value::Kind::plain, *text, {}}, ""}, key.range);
  }
  return into.model;
}

ModelSection model_from_scratch(const TrainConfig& config, std::vector<std::string>& notices) {
  ModelSection model = config.model;
  if (names_model_file(config.model_name_or_path))
    model = overlay(read_model_file(config.model_name_or_path, notices), config.model);
  if (!model.max_position_embeddings) model.max_position_embeddings = config.max_seq_len;
  return model;
}

}  // namespace genesis::trainer
