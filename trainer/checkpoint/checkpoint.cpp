#include "trainer/checkpoint/checkpoint.h"

#include "kernels/core/log.h"
#include "models/qwen/weights.h"
#include "models/safetensors/durable_file.h"
#include "trainer/checkpoint/checkpoint_folder.h"
#include "trainer/checkpoint/optimizer_state.h"
#include "trainer/files/tokenizer_files.h"

namespace genesis::trainer {
namespace {

namespace fs = std::filesystem;

constexpr const char* kOptimizer = "optimizer.safetensors";
constexpr const char* kState = "trainer_state.json";
constexpr const char* kConfig = "train_config.yaml";

void write_all(const fs::path& folder, const CheckpointParts& parts, const WholeMoments& moments,
               const TrainState& state) {
  const models::Naming naming = models::naming_of(parts.config.family);
  models::save_weights(parts.model, parts.config, folder,
                       {.naming = naming, .dtype = parts.model.parameters().front().dtype()});
  copy_tokenizer_files(parts.tokenizer, folder);
  save_optimizer_state(folder / kOptimizer, moments, parts.optimizer, parts.model, parts.config, naming);
  models::write_text_file(folder / kConfig, parts.resolved_config);
  write_train_state(folder / kState, state);
}

TrainState read_all(const fs::path& folder, const CheckpointParts& parts) {
  const TrainState state = read_train_state(folder / kState);
  load_optimizer_state(folder / kOptimizer, parts.optimizer, parts.model, parts.config,
                       models::naming_of(parts.config.family));
  models::load_weights(parts.model, parts.config, folder);
  for (const Tensor& p : parts.model.parameters()) p.value().storage().bump_version();
  parts.optimizer.set_steps(state.step);
  return state;
}

/// The newest checkpoint rank 0 can read, or -1 when there is none.
int64_t newest_readable(const fs::path& output_dir, const CheckpointParts& parts) {
  const auto all = list_checkpoints(output_dir);
  std::string last;
  for (auto it = all.rbegin(); it != all.rend(); ++it) {
    try {
      read_all(it->path, parts);
      return it->step;
    } catch (const CheckpointError& e) {
      last = e.what();
      warn("checkpoint {} cannot be used: {}", it->path.string(), last);
    }
  }
  if (!all.empty())
    throw CheckpointError(
        "{}: none of {} checkpoints can be read; the oldest says: {} (resume_from_checkpoint=none starts "
        "anew)",
        output_dir.string(), all.size(), last);
  return -1;
}

}  // namespace

void save_checkpoint(const fs::path& output_dir, const CheckpointParts& parts, const TrainState& state,
                     int64_t keep, parallel::Communicator& ranks) {
  const WholeMoments moments = gather_moments(parts.optimizer, ranks);
  std::optional<Error> failure;
  if (ranks.rank() == 0) {
    try {
      publish_checkpoint(output_dir, state.step,
                         [&](const fs::path& folder) { write_all(folder, parts, moments, state); });
      remove_old_checkpoints(output_dir, keep);
    } catch (const Error& e) {
      failure = e;
    }
  }
  const int64_t code =
      ranks.all_reduce_value(int64_t(failure ? int(failure->code()) : 0), parallel::ReduceOp::max);
  if (failure) throw *failure;
  if (code != 0)
    throw Error(fmt::format("rank 0 could not save the checkpoint of step {}", state.step), ExitCode(code));
}

std::optional<TrainState> resume_checkpoint(const fs::path& output_dir, const std::string& resume,
                                            const CheckpointParts& parts, parallel::Communicator& ranks) {
  if (resume == "none") return std::nullopt;
  if (resume != "auto") return read_all(resume, parts);
  // Rank 0 decides, so that ranks never start from different steps.
  const int64_t step = ranks.all_reduce_value(
      ranks.rank() == 0 ? newest_readable(output_dir, parts) : int64_t{-1}, parallel::ReduceOp::max);
  if (step < 0) return std::nullopt;
  return read_all(output_dir / fmt::format("checkpoint-{}", step), parts);
}

}  // namespace genesis::trainer
