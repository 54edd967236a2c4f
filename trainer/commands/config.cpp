#include <fmt/core.h>

#include <memory>

#include "kernels/core/log.h"
#include "trainer/commands/config_command.h"
#include "trainer/config/load.h"
#include "trainer/config/print.h"

namespace genesis::trainer {
namespace {

void print_config(const ConfigArguments& arguments) {
  const LoadedConfig loaded = load_config(arguments);
  for (const auto& line : loaded.notices) log_line(line);
  fmt::print("{}", write_resolved(loaded.config));
}

}  // namespace

void add_config(CLI::App& program, CommandContext& context) {
  auto markdown = std::make_shared<bool>(false);
  auto* command =
      add_config_command(program, context, "config", "Check a config and print what it comes to, every key",
                         [markdown](const ConfigArguments& arguments) {
                           if (*markdown)
                             fmt::print("{}", config_markdown());
                           else
                             print_config(arguments);
                           return 0;
                         });
  command->add_flag("--markdown", *markdown, "Print docs/config.md and exit");
}

}  // namespace genesis::trainer
