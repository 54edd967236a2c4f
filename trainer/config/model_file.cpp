#include "trainer/config/model_file.h"

#include <algorithm>

#include "models/config/model_keys.h"
#include "trainer/config/apply.h"
#include "trainer/config/key.h"
#include "trainer/config/read_yaml.h"

namespace genesis::trainer {
namespace {

std::string without_model_prefix(const std::string& name) {
  return name.starts_with("model.") ? name.substr(6) : name;
}

std::string place_of(const TrainConfig& config, const std::string& key) {
  const auto found = config.origins.where.find(key);
  return found == config.origins.where.end() ? "the default" : found->second;
}

}  // namespace

bool names_model_file(const std::string& path) { return path.ends_with(".yaml") || path.ends_with(".yml"); }

bool is_model_key(const std::string& name) {
  const auto& keys = config_keys();
  return std::any_of(keys.begin(), keys.end(), [&](const Key& k) { return k.in_model && k.name == name; });
}

TrainConfig read_model_file(const std::filesystem::path& path, std::vector<std::string>& notices) {
  TrainConfig config;
  apply_entries(read_yaml_file(path), Scope::model, config, notices);
  return config;
}

models::QwenConfig model_from_scratch(const TrainConfig& config, std::vector<std::string>& notices) {
  TrainConfig file;
  const bool has_file = names_model_file(config.model_name_or_path);
  if (has_file) file = read_model_file(config.model_name_or_path, notices);

  std::vector<models::ModelValue> values;
  const bool width_is_inline = config.model.hidden_dim || config.model.intermediate_size;
  for (const auto& key : config_keys()) {
    if (!key.in_model) continue;
    const bool is_width = key.name == "hidden_dim" || key.name == "intermediate_size";
    const std::string name = without_model_prefix(key.name);
    const auto here = key.yaml(config), there = key.yaml(file);
    if (here)
      values.push_back({name, *here, place_of(config, key.name)});
    else if (there && !(is_width && width_is_inline))
      values.push_back({name, *there, place_of(file, key.name)});
  }
  if (!config.model.max_position_embeddings && !file.model.max_position_embeddings)
    values.push_back(
        {"max_position_embeddings", std::to_string(config.max_seq_len), place_of(config, "max_seq_len")});
  return models::config_from_keys(values, has_file ? config.model_name_or_path : "the model keys");
}

}  // namespace genesis::trainer
