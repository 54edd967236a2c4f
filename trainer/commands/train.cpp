#include "kernels/core/log.h"
#include "parallel/launcher.h"
#include "parallel/threads.h"
#include "parallel/world.h"
#include "trainer/commands/config_command.h"
#include "trainer/config/check.h"
#include "trainer/config/load.h"
#include "trainer/train/run.h"

namespace genesis::trainer {
namespace {

void train(const ConfigArguments& arguments) {
  const auto launcher = parallel::launcher_info();
  const LoadedConfig loaded = load_config(arguments, launcher ? launcher->size : 1);
  check_ready_to_train(loaded.config);  // a mistake is told before MPI is started
  parallel::World world;
  parallel::Communicator& ranks = world.communicator();
  for (const std::string& line : loaded.notices) log_line(line);
  const auto configured =
      loaded.config.threads > 0 ? std::optional<int>(int(loaded.config.threads)) : std::nullopt;
  const parallel::ThreadPlan threads = parallel::plan_threads(ranks, configured);
  if (!threads.notice.empty()) log_line(threads.notice);
  parallel::apply(threads);
  run_training(loaded.config, threads.threads, ranks);
}

}  // namespace

void add_train(CLI::App& program, CommandContext& context) {
  add_config_command(program, context, "train", "Train a model by supervised fine-tuning", train);
}

}  // namespace genesis::trainer
