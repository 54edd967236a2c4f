#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

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
  std::optional<double> grad_scale;      ///< of GradScaler, fp16 only
  int64_t grad_scale_good_steps = 0;     ///< updates since it last changed
  std::vector<double> recent_losses;     ///< what a spike is measured against (LossHistory), oldest first
  std::optional<double> best_eval_loss;  ///< lowest so far
  int64_t best_step = -1;                ///< where it was met

  bool operator==(const TrainState&) const = default;
};

inline constexpr const char* kStateName = "state.json";

/// The text of state.json and back. `file` is its path, for messages. Keys that an older release did not
/// write take their initial values. Errors: CheckpointError naming file and key for anything missing or
/// mistyped.
std::string write_train_state(const TrainState& state);
TrainState parse_train_state(std::string_view text, const std::string& file);

}  // namespace genesis::trainer
