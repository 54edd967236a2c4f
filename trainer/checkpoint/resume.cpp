#include "trainer/checkpoint/resume.h"

#include <sys/random.h>

#include <vector>

#include "kernels/core/log.h"
#include "trainer/checkpoint/checkpoint_folder.h"
#include "trainer/checkpoint/load_state.h"
#include "trainer/checkpoint/rank_texts.h"
#include "trainer/checkpoint/refusal.h"

namespace genesis::trainer {
namespace {

namespace fs = std::filesystem;

std::string new_run_id() {
  uint64_t words[2] = {};
  GENESIS_CHECK(::getrandom(words, sizeof words, 0) == ssize_t(sizeof words),
                "the system gave no random bytes");
  return fmt::format("{:016x}{:016x}", words[0], words[1]);
}

/// For checkpoints that shall count as newer than all that are there.
Lineage new_lineage(const fs::path& output_dir, std::string run) {
  const auto all = list_checkpoints(output_dir);
  return {.run = std::move(run), .generation = all.empty() ? 1 : all.back().generation + 1};
}

/// Loads one checkpoint on all ranks. Returns why it cannot be used, the same everywhere. Collective.
std::optional<Error> load_everywhere(const fs::path& path, const CheckpointParts& parts,
                                     parallel::Communicator& ranks, Resumed& resumed) {
  std::optional<StoredCheckpoint> stored;
  std::optional<Error> own;
  const auto attempt = [&](auto&& work) {
    own.reset();
    try {
      work();
    } catch (const CheckpointRefused&) {
      throw;
    } catch (const CheckpointError& e) {
      own = e;
    }
    return agree_error(own, ranks);
  };
  if (const auto e = attempt([&] { stored = StoredCheckpoint::open(path); })) return e;
  const std::string first = broadcast_text(stored->seal(), ranks);
  if (const auto e = attempt([&] {
        if (stored->seal() != first)
          throw CheckpointError("{}: this rank reads a manifest with seal {}, rank 0 one with {}",
                                path.string(), stored->seal(), first);
        const auto held =
            held_state(parts.model, parts.optimizer, parts.config, models::naming_of(parts.config));
        check_same_model(*stored, held);
        const std::string file = (path / kStateName).string();
        resumed.state = parse_train_state(stored->text(kStateName), file);
        if (resumed.state->step != stored->manifest().step)
          throw CheckpointError("{}: says step {}, the manifest {}", file, resumed.state->step,
                                stored->manifest().step);
        load_state(*stored, held);
      }))
    return e;
  held_state_changed(parts.model, parts.optimizer);
  parts.optimizer.set_steps(resumed.state->step);
  const Manifest& m = stored->manifest();
  resumed.lineage = {m.run, m.generation, m.step};
  return std::nullopt;
}

/// Paths to try, best first, as rank 0 sees them.
std::vector<std::string> candidates(const ResumeRequest& request, parallel::Communicator& ranks) {
  if (request.from != "auto") return {request.from};
  std::string list;
  if (ranks.rank() == 0) {
    const auto all = list_checkpoints(request.output_dir);
    for (auto it = all.rbegin(); it != all.rend(); ++it) list += it->path.string() + '\n';
  }
  list = broadcast_text(list, ranks);
  std::vector<std::string> paths;
  for (size_t at = 0, end; at < list.size(); at = end + 1) {
    end = list.find('\n', at);
    paths.push_back(list.substr(at, end - at));
  }
  return paths;
}

}  // namespace

Resumed resume_checkpoint(const ResumeRequest& request, const CheckpointParts& parts,
                          parallel::Communicator& ranks) {
  Resumed resumed;
  const bool chosen = request.from != "auto" && request.from != "none";
  std::string last;
  size_t tried = 0;
  if (request.from != "none") {
    for (const std::string& path : candidates(request, ranks)) {
      const auto error = load_everywhere(path, parts, ranks, resumed);
      if (!error) {
        if (chosen && ranks.rank() == 0)
          resumed.lineage = new_lineage(request.output_dir, resumed.lineage.run);
        return resumed;
      }
      last = error->what();
      ++tried;
      if (chosen || request.strict)
        throw CheckpointError("{}{}", last,
                              chosen ? "" : " (resume_strict=false goes back to the checkpoint before it)");
      warn("CHECKPOINT {} CANNOT BE USED: {}", path, last);
    }
  }
  if (tried > 0)
    throw CheckpointError(
        "{}: none of {} checkpoints can be read; the oldest says: {} (resume_from_checkpoint=none starts "
        "anew)",
        request.output_dir.string(), tried, last);
  resumed.state.reset();
  if (ranks.rank() == 0) resumed.lineage = new_lineage(request.output_dir, new_run_id());
  return resumed;
}

}  // namespace genesis::trainer
