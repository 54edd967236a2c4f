#pragma once
#include <cstdint>
#include <filesystem>
#include <string>

namespace genesis::trainer {

/// Where a run stands: everything that is not a tensor. It knows nothing of ranks.
struct TrainState {
  int64_t step = 0;           ///< optimizer steps done
  int64_t consumed_rows = 0;  ///< rows of data consumed: the loader's whole state
  int64_t seed = 0;
  int64_t tokens = 0;             ///< seen so far
  int64_t supervised_tokens = 0;  ///< of them with loss
  double seconds = 0;             ///< of training, over all its starts
  std::string dataset_digest;
  int64_t global_batch_size = 1;

  bool operator==(const TrainState&) const = default;
};

/// Reads and writes trainer_state.json.
/// Errors: CheckpointError naming file and key for anything missing or mistyped.
TrainState read_train_state(const std::filesystem::path& file);
void write_train_state(const std::filesystem::path& file, const TrainState& state);

}  // namespace genesis::trainer
