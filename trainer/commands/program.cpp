#include "trainer/commands/program.h"

#include <CLI/Error.hpp>
#include <cstdio>
#include <exception>
#include <new>

#include "kernels/core/error.h"
#include "kernels/core/log.h"
#include "trainer/commands/commands.h"
#include "trainer/commands/version.h"

namespace genesis::trainer {
namespace {

constexpr const char* kAbout =
    "Train Qwen models: supervised fine-tuning on CPUs and GPUs, one process or many under mpirun.";
constexpr const char* kFooter =
    "Exit codes: 0 done, 64 command line or config, 65 data, 66 corrupt checkpoint, 70 numerics,\n"
    "73 disk, 74 hang, 75 preempted (start me again), 1 anything else.\n";

/// Help and version are answers, not failures; everything else CLI11 reports is the user's command line.
int answer_parse_error(const CLI::App& program, const CLI::ParseError& e) {
  if (e.get_exit_code() == static_cast<int>(CLI::ExitCodes::Success)) return program.exit(e);
  log_error(fmt::format("command line: {}", e.what()));
  log_line("see `genesis --help`");
  return static_cast<int>(ExitCode::config);
}

}  // namespace

int run_program(int argc, const char* const* argv) {
  try {
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
      return answer_parse_error(program, e);
    }
    return context.action()();
  } catch (const Error& e) {
    log_error(e.what());
    return static_cast<int>(e.code());
  } catch (const std::bad_alloc&) {
    log_error("out of memory");
  } catch (const std::exception& e) {
    log_error(e.what());
  }
  return static_cast<int>(ExitCode::failure);
}

}  // namespace genesis::trainer
