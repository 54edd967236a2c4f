#include "trainer/checkpoint/checkpoint_saver.h"

#include <chrono>
#include <vector>

#include "kernels/core/log.h"
#include "trainer/checkpoint/background_job.h"
#include "trainer/checkpoint/new_file.h"
#include "trainer/checkpoint/publish.h"
#include "trainer/checkpoint/rank_texts.h"
#include "trainer/checkpoint/share.h"
#include "trainer/checkpoint/small_files.h"
#include "trainer/checkpoint/snapshot.h"
#include "trainer/checkpoint/stored_checkpoint.h"

namespace genesis::trainer {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

constexpr double kFreeMargin = 1.1;  // of the bytes of a save: file systems have overheads of their own

}  // namespace

struct CheckpointSaver::State {
  enum class Phase { idle, writing, publishing };

  Options options;
  CheckpointParts parts;
  Lineage lineage;
  parallel::Communicator& ranks;
  std::vector<SmallFile> constant_files;  // rank 0
  std::optional<SavePlan> plan;
  std::vector<TensorHolders> tensors;
  Snapshot snapshot;

  Phase phase = Phase::idle;
  BackgroundJob job;
  ShareReport report;
  TrainState saving;
  std::optional<Error> failure;  // of the save asked for last
  int64_t asked = -1, published = -1;
  bool renamed = false;  // rank 0: the checkpoint being saved may have its name already
  double stall = 0, copy = 0;

  bool is_first() const { return ranks.rank() == 0; }

  void make_plan(const std::vector<HeldTensor>& held) {
    tensors = gather_holders(held, ranks);
    plan = plan_save(tensors, ranks.size(), options.plan);
  }

  std::vector<SmallFile> small_files() const {
    if (!is_first()) return {};
    std::vector<SmallFile> small = constant_files;
    if (!plan->index.empty()) small.emplace_back("model.safetensors.index.json", plan->index);
    small.emplace_back(kStateName, write_train_state(saving));
    return small;
  }

  /// Room on the disk, and an empty folder to write to. Rank 0.
  void prepare_folder(int64_t small_bytes) {
    const int64_t needed = int64_t(kFreeMargin * double(plan->bytes() + small_bytes));
    const int64_t available = options.files->free_bytes(options.output_dir.string());
    if (available >= 0 && available < needed)
      throw DiskError("{}: no room for a checkpoint: {} bytes needed, {} free",
                      checkpoint_path(options.output_dir, saving.step).string(), needed, available);
    begin_checkpoint(*options.files, options.output_dir, saving.step);
  }

  std::optional<Error> prepare(const std::vector<SmallFile>& small) {
    const int64_t most = ranks.all_reduce_value(saving.step, parallel::ReduceOp::max);
    const int64_t least = -ranks.all_reduce_value(-saving.step, parallel::ReduceOp::max);
    GENESIS_CHECK(most == least, "ranks save different steps: ", least, " and ", most);
    int64_t bytes = 0;
    for (const auto& [name, text] : small) bytes += int64_t(text.size());
    std::optional<Error> own;
    if (is_first()) {
      try {
        prepare_folder(bytes);
      } catch (const Error& e) {
        own = e;
      }
    }
    return agree_error(own, ranks);
  }

  void write(const std::vector<SmallFile>& small) {
    report = write_share(*options.files, partial_path(options.output_dir, saving.step), *plan, ranks.rank(),
                         snapshot, small);
    if (ranks.size() == 1) publish({report});
  }

  /// Rank 0's part when every share is written.
  void publish(const std::vector<ShareReport>& reports) {
    Manifest manifest{.run = lineage.run,
                      .generation = lineage.generation,
                      .step = saving.step,
                      .previous_step = lineage.previous_step,
                      .ranks = ranks.size(),
                      .program = GENESIS_VERSION};
    fill_manifest(manifest, *plan, tensors, reports);
    publish_checkpoint(*options.files, options.output_dir, manifest, renamed);
    const auto target = checkpoint_path(options.output_dir, saving.step);
    if (const auto damage = verify_checkpoint(target); !damage.empty())
      throw DiskError("{}: was written and reads back damaged: {}", target.string(), damage[0]);
    lineage.previous_step = saving.step;
    write_latest(*options.files, options.output_dir, saving.step);
    remove_old_checkpoints(*options.files, options.output_dir, options.keep, saving.step, saving.best_step);
  }

  /// Ends a save that all ranks know to have failed.
  void give_up(const Error& error) {
    phase = Phase::idle;
    failure = error;
    if (is_first()) remove_partial();
    if (options.on_error == OnSaveError::abort) throw error;
    warn("the checkpoint of step {} ({} bytes) was not saved: {}; training goes on{}", saving.step,
         plan->bytes(), error.what(),
         published >= 0 ? fmt::format(", the last complete one is checkpoint-{}", published) : "");
  }

  /// Gives the space back. Not when the rename was asked for: the partial folder may then be the old
  /// checkpoint.
  void remove_partial() {
    if (renamed) return;
    try {
      remove_tree(*options.files, partial_path(options.output_dir, saving.step));
    } catch (const DiskError& e) {
      warn("what the failed save wrote could not be removed: {}", e.what());
    }
  }

  /// What this rank's job has come to: 0 done, 1 failed, 2 still running.
  int64_t own_status() const {
    if (job.running()) return 2;
    return job.error() ? 1 : 0;
  }

  void advance() {
    const int64_t status =
        phase == Phase::idle ? 0 : ranks.all_reduce_value(own_status(), parallel::ReduceOp::max);
    if (phase == Phase::idle || status == 2) return;
    job.wait();
    if (status == 1) return give_up(*agree_error(job.error(), ranks));
    if (phase == Phase::writing && ranks.size() > 1) {
      std::vector<ShareReport> reports;
      for (const std::string& text : gather_texts(report.text(), ranks))
        reports.push_back(ShareReport::parse(text));
      phase = Phase::publishing;
      if (is_first()) job.start([this, reports] { publish(reports); }, !options.background);
      return;
    }
    phase = Phase::idle;
    published = saving.step;
  }
};

CheckpointSaver::CheckpointSaver(Options options, const CheckpointParts& parts, Lineage lineage,
                                 parallel::Communicator& ranks)
    : state_(new State{
          .options = std::move(options), .parts = parts, .lineage = std::move(lineage), .ranks = ranks}) {
  if (!state_->is_first()) return;
  state_->constant_files = model_folder_files(parts);
  remove_leftovers(*state_->options.files, state_->options.output_dir);
}

CheckpointSaver::~CheckpointSaver() = default;

void CheckpointSaver::save(const TrainState& state) {
  State& s = *state_;
  finish();
  const auto begin = Clock::now();
  s.asked = state.step;
  s.saving = state;
  s.failure.reset();
  s.renamed = false;
  const auto held =
      held_state(s.parts.model, s.parts.optimizer, s.parts.config, models::naming_of(s.parts.config));
  if (!s.plan) s.make_plan(held);
  auto small = s.small_files();
  if (const auto refused = s.prepare(small)) return s.give_up(*refused);
  const auto copy_begin = Clock::now();
  s.snapshot.take(*s.plan, held, s.ranks);
  s.copy = seconds_since(copy_begin);
  s.phase = State::Phase::writing;
  s.job.start([&s, small = std::move(small)] { s.write(small); }, !s.options.background);
  s.stall = seconds_since(begin);
  if (!s.options.background) finish();
}

void CheckpointSaver::poll() { state_->advance(); }

void CheckpointSaver::finish() {
  while (state_->phase != State::Phase::idle) {
    state_->job.wait();
    state_->advance();
  }
}

void CheckpointSaver::require_saved(int64_t step) {
  finish();
  if (state_->failure) throw *state_->failure;
  GENESIS_CHECK(state_->published == step, "the checkpoint of step ", step, " was never asked for");
}

void CheckpointSaver::save_now(const TrainState& state) {
  save(state);
  require_saved(state.step);
}

int64_t CheckpointSaver::asked_step() const { return state_->failure ? -1 : state_->asked; }
int64_t CheckpointSaver::published_step() const { return state_->published; }
double CheckpointSaver::last_stall_seconds() const { return state_->stall; }
double CheckpointSaver::last_copy_seconds() const { return state_->copy; }

}  // namespace genesis::trainer
