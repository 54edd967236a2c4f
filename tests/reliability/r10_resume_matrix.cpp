// R10: a run saved at one layout of ranks goes on at any other: the same weights and moments bit for bit, the
// same samples in the same order, and losses that differ by no more than the order of sums.
#include <cmath>
#include <filesystem>

#include "data/dataset/sha256.h"
#include "kernels/core/log.h"
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

}  // namespace

Outcome run_R10(const Mode& mode) {
  set_log_rank(1);
  const TinyRun run;
  std::vector<Layout> layouts{{1, 1, 0}, {2, 1, 1}, {4, 1, 0}};
  if (mode.full)
    layouts = {{1, 1, 0}, {2, 1, 0}, {4, 1, 0}, {1, 2, 0}, {2, 2, 0}, {1, 4, 0}, {2, 1, 1}, {2, 2, 1}};
  const int64_t more = mode.full ? 50 : 10;
  Cases cases;
  double first = 0, all = 0;
  for (const Layout& from : layouts) {
    const auto saved = config_of(run, "from", from, kSaved);
    run.train(saved, from.dp * from.tp);
    const fs::path checkpoint = fs::path(saved.output_dir) / fmt::format("checkpoint-{}", kSaved);
    const std::string digest = global_digest(checkpoint);
    auto straight = config_of(run, "straight", from, kSaved + more);
    straight.resume_from_checkpoint = checkpoint.string();
    const auto wanted = run.train(straight, from.dp * from.tp);
    for (const Layout& to : layouts) {
      const std::string name = from.name() + " -> " + to.name();
      auto again = config_of(run, "again", to, kSaved);
      again.resume_from_checkpoint = checkpoint.string();
      run.train(again, to.dp * to.tp);  // resumes, makes no step, saves
      cases.expect(global_digest(fs::path(again.output_dir) / checkpoint.filename()) == digest,
                   name + ": weights, moments or state differ after gathering");
      auto on = config_of(run, "on", to, kSaved + more);
      on.resume_from_checkpoint = checkpoint.string();
      const auto got = run.train(on, to.dp * to.tp);
      cases.expect(got.size() == wanted.size(), name + ": another number of steps");
      for (size_t i = 0; i < std::min(got.size(), wanted.size()); ++i) {
        const double error = std::abs(double(got[i]["loss"]) / double(wanted[i]["loss"]) - 1);
        (i == 0 ? first : all) = std::max(i == 0 ? first : all, error);
        cases.expect(error <= (i == 0 ? 1e-6 : 1e-4), fmt::format("{}: loss of step {} differs by {:.1e}",
                                                                  name, kSaved + 1 + int64_t(i), error));
        cases.expect(got[i]["tokens"] == wanted[i]["tokens"], name + ": other samples");
      }
      for (const char* output : {"again", "on"}) fs::remove_all(run / output);
    }
    for (const char* output : {"from", "straight"}) fs::remove_all(run / output);
  }
  return {cases.good(),
          fmt::format("{} layouts of dp x tp, {} pairs: tensors hash-equal, loss of the first step within "
                      "{:.1e}, of {} steps "
                      "within {:.1e}{}",
                      layouts.size(), layouts.size() * layouts.size(), first, more, all, cases.failures())};
}

}  // namespace genesis::reliability
