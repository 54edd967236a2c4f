#include "models/safetensors/checkpoint_writer.h"

#include <map>
#include <nlohmann/json.hpp>

#include "models/safetensors/durable_file.h"

namespace genesis::models {

using Json = nlohmann::ordered_json;

struct CheckpointWriter::State {
  std::filesystem::path folder;
  std::vector<std::string> files;
  std::vector<SafetensorsWriter> shards;
  std::map<std::string, size_t, std::less<>> shard_of;
  int64_t total = 0;
};

CheckpointWriter::CheckpointWriter(const std::filesystem::path& folder, std::vector<TensorToWrite> tensors,
                                   const Metadata& metadata, int64_t max_shard_bytes)
    : state_(std::make_unique<State>()) {
  GENESIS_CHECK(max_shard_bytes > 0, "max_shard_bytes is ", max_shard_bytes);
  state_->folder = folder;
  std::vector<std::vector<TensorToWrite>> shards(1);
  int64_t held = 0;
  for (auto& t : tensors) {
    const int64_t bytes = t.nbytes();
    if (held > 0 && held + bytes > max_shard_bytes) {
      shards.emplace_back();
      held = 0;
    }
    held += bytes;
    state_->total += bytes;
    const bool fresh = state_->shard_of.emplace(t.name, shards.size() - 1).second;
    GENESIS_CHECK(fresh, "tensor '", t.name, "' is declared twice for ", folder.string());
    shards.back().push_back(std::move(t));
  }
  std::error_code failed;
  std::filesystem::create_directories(folder, failed);
  if (failed) throw DiskError("{}: the folder cannot be made: {}", folder.string(), failed.message());
  for (size_t i = 0; i < shards.size(); ++i) {
    state_->files.push_back(shards.size() == 1
                                ? "model.safetensors"
                                : fmt::format("model-{:05}-of-{:05}.safetensors", i + 1, shards.size()));
    state_->shards.emplace_back(folder / state_->files.back(), std::move(shards[i]), metadata);
  }
}

CheckpointWriter::~CheckpointWriter() = default;

void CheckpointWriter::write(std::string_view name, const Array& values) {
  const auto it = state_->shard_of.find(name);
  GENESIS_CHECK(it != state_->shard_of.end(), "tensor '", name, "' was not declared for ",
                state_->folder.string());
  state_->shards[it->second].write(name, values);
}

void CheckpointWriter::finish() {
  for (auto& shard : state_->shards) shard.finish();
  if (state_->shards.size() == 1) return;
  Json map = Json::object();
  for (const auto& [name, shard] : state_->shard_of) map[name] = state_->files[shard];
  const Json index = {{"metadata", {{"total_size", state_->total}}}, {"weight_map", map}};
  state_->files.emplace_back("model.safetensors.index.json");
  write_text_file(state_->folder / state_->files.back(), index.dump(2) + "\n");
}

const std::vector<std::string>& CheckpointWriter::file_names() const { return state_->files; }

}  // namespace genesis::models
