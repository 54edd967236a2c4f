#pragma once
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "autograd/optim/adamw.h"
#include "models/qwen/model.h"
#include "parallel/local_group.h"
#include "trainer/checkpoint/checkpoint_saver.h"
#include "trainer/checkpoint/resume.h"

namespace genesis::reliability {

/// A small model with an optimizer, alone in its process, whose values a seed decides.
class TinyState {
 public:
  struct Size {
    int64_t vocabulary = 32, width = 16, layers = 1, mlp = 0;  // mlp 0: as the model chooses
  };
  TinyState() : TinyState(Size{}) {}
  explicit TinyState(const Size& size);

  /// Other values in every weight and moment.
  void fill(uint64_t seed);
  /// SHA-256 of every weight and moment, and the optimizer's step.
  std::string digest() const;

  trainer::CheckpointParts parts() { return {*model_, *optimizer_, config_, {}, "max_steps: 1\n"}; }
  parallel::Communicator& ranks() { return *ranks_; }
  int64_t bytes() const;

  /// A saver of this state. `options.output_dir` exists.
  trainer::CheckpointSaver saver(const trainer::CheckpointSaver::Options& options, int64_t generation = 1) {
    return {options, parts(), {.run = "tiny", .generation = generation}, ranks()};
  }
  /// Saves at once. Errors: DiskError.
  void save(const std::filesystem::path& output_dir, int64_t step);
  /// Fills this state from the newest good checkpoint and returns its step; nothing when there is none.
  /// Errors: those of resume_checkpoint.
  std::optional<int64_t> load(const std::filesystem::path& output_dir, bool strict = false,
                              const std::string& from = "auto");

 private:
  models::QwenConfig config_;
  std::unique_ptr<models::QwenModel> model_;
  std::unique_ptr<optim::AdamW> optimizer_;
  std::unique_ptr<parallel::Communicator> ranks_;
};

/// State.step = step, the rest as it is at first.
trainer::TrainState at_step(int64_t step);

}  // namespace genesis::reliability
