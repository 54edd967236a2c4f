#include "models/qwen/weights.h"

#include <optional>
#include <unordered_map>

#include "models/names/checkpoint_slices.h"
#include "models/safetensors/durable_file.h"
#include "parallel/gather_shards.h"

namespace genesis::models {
namespace {

using ParameterMap = std::unordered_map<std::string, Tensor>;

/// The model's parameters by name, checked against the layout the config asks for.
ParameterMap parameters_of(const nn::Module& model, const QwenConfig& config,
                           const parallel::TensorSplit& split) {
  ParameterMap map;
  for (const auto& [name, tensor] : model.named_parameters()) map.emplace(name, tensor);
  const auto layout = parameter_layout(config, split);
  GENESIS_CHECK(layout.size() == map.size(), "the model has ", map.size(),
                " parameters, the config describes ", layout.size());
  for (const auto& p : layout) {
    const auto it = map.find(p.name);
    GENESIS_CHECK(it != map.end(), "the model has no parameter '", p.name, "'");
    GENESIS_CHECK(it->second.shape() == p.shape, "parameter '", p.name, "' is ",
                  to_string(it->second.shape()), ", the config describes ", to_string(p.shape));
    GENESIS_CHECK(parallel::shard_of(it->second) == p.shard || split.size == 1, "parameter '", p.name,
                  "' says of itself that it is another part than the config describes");
  }
  return map;
}

}  // namespace

void load_weights(const nn::Module& model, const QwenConfig& config, const std::filesystem::path& path,
                  const parallel::TensorSplit& split) {
  const auto folder = CheckpointFolder::open(path);
  const auto layout = match_checkpoint(folder, config);
  const auto parameters = parameters_of(model, config, split);
  for (const auto& t : layout) {
    const StoredTensor& stored = folder.at(t.name);
    if (!stored.type->dtype || !is_floating(*stored.type->dtype)) {
      throw CheckpointError("{}: tensor '{}': weights of dtype {} cannot be trained",
                            folder.file_of(t.name).path().string(), t.name, stored.type->name);
    }
  }
  for (const auto& s : checkpoint_slices(config, naming_of(folder), split)) {
    TensorBox box{.row_begin = s.start[0], .row_end = s.start[0] + s.extent[0]};
    if (s.shape.size() == 2) {
      box.column_begin = s.start[1];
      box.column_end = s.start[1] + s.extent[1];
    }
    folder.read_into(s.name, local_view(parameters.at(s.parameter).value(), s), box);
  }
}

namespace {

/// A whole parameter of which this rank may hold a part.
Array whole(const Tensor& parameter, const parallel::TensorParallel& tp) {
  if (!tp.is_split()) return parameter.value();
  return parallel::gather_shards(parameter.value(), parallel::shard_of(parameter), *tp.group);
}

}  // namespace

void save_weights(const nn::Module& model, const QwenConfig& config, const std::filesystem::path& folder,
                  const SaveOptions& options, const parallel::TensorParallel& tp) {
  QwenConfig written = config.resolved();
  written.dtype = options.dtype;
  const std::string config_text = huggingface_config(written, options.naming);
  const auto parameters = parameters_of(model, config, tp.split());
  const auto layout = checkpoint_layout(config, options.naming);
  std::vector<TensorToWrite> tensors;
  for (const auto& t : layout) tensors.push_back({t.name, options.dtype, t.shape});
  std::optional<Error> failure;
  std::optional<CheckpointWriter> writer;
  auto attempt = [&](auto&& action) {  // rank 0 goes on taking part when it fails
    if (tp.rank() != 0 || failure) return;
    try {
      action();
    } catch (const Error& e) {
      failure = e;
    }
  };
  attempt([&] {
    writer.emplace(folder, std::move(tensors), Metadata{{"format", "pt"}}, options.max_shard_bytes);
  });
  std::string held_name;
  Array held;
  for (const auto& t : layout) {
    if (t.parameter != held_name) held = whole(parameters.at(t.parameter), tp);
    held_name = t.parameter;
    attempt([&] { writer->write(t.name, held.slice(0, t.row_begin, t.row_end)); });
  }
  attempt([&] {
    writer->finish();
    write_text_file(folder / "config.json", config_text);
  });
  if (failure && !tp.is_split()) throw *failure;
  if (!tp.is_split()) return;
  const int64_t code =
      tp.group->all_reduce_value(int64_t(failure ? int(failure->code()) : 0), parallel::ReduceOp::max);
  if (failure) throw *failure;
  if (code != 0)
    throw Error(fmt::format("{}: another rank could not write it", folder.string()), ExitCode(code));
}

}  // namespace genesis::models
