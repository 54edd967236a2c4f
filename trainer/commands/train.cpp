#include <csignal>

#include "kernels/core/cuda/runtime.h"
#include "kernels/core/log.h"
#include "parallel/exit_note.h"
#include "parallel/launcher.h"
#include "parallel/threads.h"
#include "parallel/world.h"
#include "trainer/commands/config_command.h"
#include "trainer/config/check.h"
#include "trainer/config/load.h"
#include "trainer/control/progress.h"
#include "trainer/control/start_agreement.h"
#include "trainer/control/stop_signal.h"
#include "trainer/control/watchdog.h"
#include "trainer/train/run.h"

namespace genesis::trainer {
namespace {

WatchdogOptions watchdog_options(const TrainConfig& c) {
  return {.limits = {.hang = c.hang_timeout_seconds, .setup = c.setup_timeout_seconds},
          .report_folder = std::filesystem::path(c.output_dir) / "hang"};
}

int run_job(const ConfigArguments& arguments) {
  const auto launcher = parallel::launcher_info();
  if (launcher) cuda::choose_device(launcher->local_rank);
  const LoadedConfig loaded = load_config(arguments, launcher ? launcher->size : 1);
  check_ready_to_train(loaded.config);  // a mistake is told before MPI is started
  std::unique_ptr<Watchdog> watchdog;
  if (launcher) watchdog = Watchdog::start(watchdog_options(loaded.config), *launcher);
  parallel::World world;
  parallel::Communicator& ranks = world.communicator();
  if (watchdog) watchdog->connect(ranks);
  if (ranks.size() > 1) {
    std::vector<StartItem> items = config_items(loaded.config);
    items.insert(items.begin(), program_item());
    agree_at_start(items, ranks);
  }
  for (const std::string& line : loaded.notices) log_line(line);
  const auto configured =
      loaded.config.threads > 0 ? std::optional<int>(int(loaded.config.threads)) : std::nullopt;
  const parallel::ThreadPlan threads = parallel::plan_threads(ranks, configured);
  if (!threads.notice.empty()) log_line(threads.notice);
  parallel::apply(threads);
  const RunSummary summary = run_training(loaded.config, threads.threads, ranks);
  note_phase(Phase::finish);
  if (summary.stop_signal == 0) return 0;
  notice("signal {}: stopped after step {}; start again to go on (exit code {})", summary.stop_signal,
         summary.steps, int(ExitCode::preempted));
  return int(ExitCode::preempted);
}

int train(const ConfigArguments& arguments) {
  const StopSignals until_the_end;  // one that comes after the last step must not look like a crash
  // Whoever reads our lines may go first, as mpirun does when it ends a job: the run is saved all the same.
  std::signal(SIGPIPE, SIG_IGN);
  const int code = run_job(arguments);
  parallel::note_exit_code(code);
  return code;
}

}  // namespace

void add_train(CLI::App& program, CommandContext& context) {
  add_config_command(program, context, "train", "Train a model by supervised fine-tuning", train);
}

}  // namespace genesis::trainer
