#include "trainer/commands/program.h"

#include <CLI/Error.hpp>
#include <exception>
#include <new>

#include "kernels/core/error.h"
#include "parallel/world.h"
#include "trainer/commands/commands.h"
#include "trainer/commands/version.h"

namespace genesis::trainer {
namespace {

constexpr const char* kAbout =
    "Train Qwen models: supervised fine-tuning on CPUs and GPUs, one process or many under mpirun.";
constexpr const char* kFooter =
    "Exit codes: 0 done, 64 command line or config, 65 data, 66 corrupt checkpoint, 70 numerics,\n"
    "73 disk, 74 hang, 75 preempted (start me again), 1 anything else.\n";

/// Runs what the command line asks for. Errors: whatever the command throws; ConfigError for words it does
/// not know.
int run(int argc, const char* const* argv) {
  CLI::App program(kAbout, "genesis");
  program.footer(kFooter);
  program.set_version_flag("--version", version_line());
  program.require_subcommand(1);
  CommandContext context;
#define GENESIS_COMMAND(name) add_##name(program, context);
#include "trainer/commands/command_list.h"
#undef GENESIS_COMMAND
  try {
    program.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    if (e.get_exit_code() == static_cast<int>(CLI::ExitCodes::Success))
      return program.exit(e);  // help, version
    throw ConfigError("command line: {} (see `genesis --help`)", e.what());
  }
  return context.action()();
}

}  // namespace

int run_program(int argc, const char* const* argv) {
  try {
    return run(argc, argv);
  } catch (const std::bad_alloc&) {
    return parallel::end_all_ranks(Error("out of memory"));
  } catch (const std::exception& e) {
    return parallel::end_all_ranks(e);
  }
}

}  // namespace genesis::trainer
