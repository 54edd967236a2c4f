// R10: a run saved at one layout of ranks goes on at any other: the same weights and moments bit for bit, the
// same samples in the same order, and losses that differ by no more than the order of sums.
#include <cmath>
#include <filesystem>
#include <iterator>

#include "data/dataset/sha256.h"
#include "tests/reliability/campaign.h"
#include "tests/support/tiny_run.h"
#include "trainer/checkpoint/stored_checkpoint.h"
#include "trainer/checkpoint/train_state.h"

namespace genesis::reliability {
namespace {

namespace fs = std::filesystem;
using testing::TinyRun;

struct Layout {
  int dp, tp;
  int64_t zero;
  std::string name() const { return fmt::format("{}x{}{}", dp, tp, zero ? " ZeRO-1" : ""); }
};

constexpr int64_t kSaved = 6;  // the step the other layout takes over at

/// SHA-256 of every global tensor, put together from its slices, and of the state that has no tensors.
std::string global_digest(const fs::path& folder) {
  auto stored = trainer::StoredCheckpoint::open(folder);
  data::Sha256 sha;
  for (const auto& t : stored.manifest().tensors) {
    const int64_t size = size_of(t.dtype), columns = t.shape.size() < 2 ? 1 : t.shape[1];
    std::string whole(size_t(numel_of(t.shape) * size), '\0');
    for (const auto& s : t.slices) {
      const std::string_view bytes = stored.slice(t, s);
      const int64_t width = s.box.extent.size() < 2 ? 1 : s.box.extent[1], rows = s.box.extent[0];
      const int64_t first = s.box.extent.size() < 2 ? 0 : s.box.start[1];
      for (int64_t r = 0; r < rows; ++r)
        whole.replace(size_t(((s.box.start[0] + r) * columns + first) * size), size_t(width * size),
                      bytes.substr(size_t(r * width * size), size_t(width * size)));
    }
    sha.add_field(t.name);
    sha.add_field(whole);
  }
  auto state = trainer::parse_train_state(stored.text(trainer::kStateName), trainer::kStateName);
  state.seconds = 0;
  sha.add_field(trainer::write_train_state(state));
  return sha.hex();
}

trainer::TrainConfig config_of(const TinyRun& run, const std::string& output, const Layout& layout,
                               int64_t steps) {
  auto c = run.config(output);
  c.model.hidden_size = 64;
  c.model.num_attention_heads = 4;
  c.max_steps = steps;
  c.lr_scheduler_type = trainer::LrSchedulerType::constant;  // a run's length must not matter
  c.tensor_parallel_size = layout.tp;
  c.zero_stage = layout.zero;
  c.save_total_limit = 0;
  return c;
}

/// Largest relative differences of losses.
struct Drift {
  double first = 0, all = 0;
};

/// A run saved at `from`, and what goes on from it.
class Saved {
 public:
  Saved(const TinyRun& run, const Layout& from, int64_t more, Cases& cases)
      : run_(run), from_(from), more_(more), cases_(cases) {
    const auto saved = config_of(run, "from", from, kSaved);
    run.train(saved, from.dp * from.tp);
    checkpoint_ = fs::path(saved.output_dir) / fmt::format("checkpoint-{}", kSaved);
    digest_ = global_digest(checkpoint_);
    auto straight = config_of(run, "straight", from, kSaved + more);
    straight.resume_from_checkpoint = checkpoint_.string();
    wanted_ = run.train(straight, from.dp * from.tp);
  }
  ~Saved() {
    for (const char* output : {"from", "straight"}) fs::remove_all(run_ / output);
  }
  Saved(const Saved&) = delete;
  Saved& operator=(const Saved&) = delete;

  void go_on_at(const Layout& to, Drift& drift) {
    const std::string name = from_.name() + " -> " + to.name();
    auto again = config_of(run_, "again", to, kSaved);
    again.resume_from_checkpoint = checkpoint_.string();
    run_.train(again, to.dp * to.tp);  // resumes, makes no step, saves
    cases_.expect(global_digest(fs::path(again.output_dir) / checkpoint_.filename()) == digest_,
                  name + ": weights, moments or state differ after gathering");
    auto on = config_of(run_, "on", to, kSaved + more_);
    on.resume_from_checkpoint = checkpoint_.string();
    const auto got = run_.train(on, to.dp * to.tp);
    cases_.expect(got.size() == wanted_.size(), name + ": another number of steps");
    for (size_t i = 0; i < std::min(got.size(), wanted_.size()); ++i) {
      const double error = std::abs(double(got[i]["loss"]) / double(wanted_[i]["loss"]) - 1);
      double& largest = i == 0 ? drift.first : drift.all;
      largest = std::max(largest, error);
      cases_.expect(error <= (i == 0 ? 1e-6 : 1e-4), fmt::format("{}: loss of step {} differs by {:.1e}",
                                                                 name, kSaved + 1 + int64_t(i), error));
      for (const char* key : {"epoch", "tokens", "supervised_tokens"})
        cases_.expect(got[i].at(key) == wanted_[i].at(key), name + ": other samples");
    }
    for (const char* output : {"again", "on"}) fs::remove_all(run_ / output);
  }

 private:
  const TinyRun& run_;
  Layout from_;
  int64_t more_;
  Cases& cases_;
  fs::path checkpoint_;
  std::string digest_;
  std::vector<nlohmann::json> wanted_;
};

}  // namespace

Outcome run_R10(const Mode& mode) {
  const TinyRun run;
  constexpr Layout kLayouts[] = {{1, 1, 0}, {2, 1, 0}, {4, 1, 0}, {1, 2, 0},
                                 {2, 2, 0}, {1, 4, 0}, {2, 1, 1}, {2, 2, 1}};
  constexpr size_t kAll = std::size(kLayouts);
  const int64_t more = mode.full ? 50 : 10;
  Cases cases;
  Drift drift;
  int pairs = 0;
  for (size_t i = 0; i < kAll; ++i) {
    Saved saved(run, kLayouts[i], more, cases);
    const size_t others =
        mode.full ? kAll : 1;  // in the short form: the next layout but two, so dp and tp change
    for (size_t j = 0; j < others; ++j, ++pairs) saved.go_on_at(kLayouts[(i + j + 3) % kAll], drift);
  }
  return {cases.good(),
          fmt::format("{} layouts of dp x tp, {} pairs: tensors hash-equal, loss of the first step within "
                      "{:.1e}, of {} steps within {:.1e}{}",
                      kAll, pairs, drift.first, more, drift.all, cases.failures())};
}

}  // namespace genesis::reliability
