#pragma once
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "models/safetensors/writer.h"

namespace genesis::models {

/// Writes a model folder: `model.safetensors`, or when it would be longer than `max_shard_bytes` of data
/// `model-0000i-of-0000n.safetensors` with `model.safetensors.index.json`, in the order of `tensors`.
class CheckpointWriter {
 public:
  static constexpr int64_t kMaxShardBytes = 5'000'000'000;

  CheckpointWriter(const std::filesystem::path& folder, std::vector<TensorToWrite> tensors,
                   const Metadata& metadata = {}, int64_t max_shard_bytes = kMaxShardBytes);
  ~CheckpointWriter();
  CheckpointWriter(const CheckpointWriter&) = delete;
  CheckpointWriter& operator=(const CheckpointWriter&) = delete;

  void write(std::string_view name, const Array& values);
  /// Publishes all shards, the index last.
  void finish();
  /// Names of the files that finish() publishes, without folder.
  const std::vector<std::string>& file_names() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace genesis::models
