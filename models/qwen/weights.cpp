#include "models/qwen/weights.h"

#include <unordered_map>

#include "models/names/checkpoint_layout.h"
#include "models/safetensors/durable_file.h"

namespace genesis::models {
namespace {

using ParameterMap = std::unordered_map<std::string, Array>;

/// The model's parameters by name, checked against the layout the config asks for.
ParameterMap parameters_of(const nn::Module& model, const QwenConfig& config) {
  ParameterMap map;
  for (const auto& [name, tensor] : model.named_parameters()) map.emplace(name, tensor.value());
  const auto layout = parameter_layout(config);
  GENESIS_CHECK(layout.size() == map.size(), "the model has ", map.size(),
                " parameters, the config describes ", layout.size());
  for (const auto& p : layout) {
    const auto it = map.find(p.name);
    GENESIS_CHECK(it != map.end(), "the model has no parameter '", p.name, "'");
    GENESIS_CHECK(it->second.shape() == p.shape, "parameter '", p.name, "' is ",
                  to_string(it->second.shape()), ", the config describes ", to_string(p.shape));
  }
  return map;
}

}  // namespace

void load_weights(const nn::Module& model, const QwenConfig& config, const std::filesystem::path& path) {
  const auto folder = CheckpointFolder::open(path);
  const auto layout = match_checkpoint(folder, config);
  const auto parameters = parameters_of(model, config);
  for (const auto& t : layout) {
    const StoredTensor& stored = folder.at(t.name);
    if (!stored.type->dtype || !is_floating(*stored.type->dtype)) {
      throw CheckpointError("{}: tensor '{}': weights of dtype {} cannot be trained",
                            folder.file_of(t.name).path().string(), t.name, stored.type->name);
    }
  }
  for (const auto& t : layout)
    folder.read_into(t.name, parameters.at(t.parameter).slice(0, t.row_begin, t.row_end));
}

void save_weights(const nn::Module& model, const QwenConfig& config, const std::filesystem::path& folder,
                  const SaveOptions& options) {
  QwenConfig written = config.resolved();
  written.dtype = options.dtype;
  const std::string config_text = huggingface_config(written, options.naming);
  const auto parameters = parameters_of(model, config);
  const auto layout = checkpoint_layout(config, options.naming);
  std::vector<TensorToWrite> tensors;
  for (const auto& t : layout) tensors.push_back({t.name, options.dtype, t.shape});
  CheckpointWriter writer(folder, std::move(tensors), {{"format", "pt"}}, options.max_shard_bytes);
  for (const auto& t : layout)
    writer.write(t.name, parameters.at(t.parameter).slice(0, t.row_begin, t.row_end));
  writer.finish();
  write_text_file(folder / "config.json", config_text);
}

}  // namespace genesis::models
