#include "trainer/commands/config_command.h"

#include <fmt/core.h>

#include <memory>
#include <utility>

#include "trainer/config/print.h"

namespace genesis::trainer {

CLI::App* add_config_command(CLI::App& program, CommandContext& context, const std::string& name,
                             const std::string& about, std::function<int(const ConfigArguments&)> action) {
  CLI::App* command = program.add_subcommand(name, about);
  auto help_config = std::make_shared<bool>(false);
  command->add_flag("--help-config", *help_config, "Print every config key and exit");
  command->footer(fmt::format("genesis {} CONFIG.yaml [key=value | --key value ...]\n", name));
  command->prefix_command();  // from CONFIG.yaml on the words are the config's
  command->callback([command, &context, help_config, action = std::move(action)] {
    context.run_with_code([command, help_config, action] {
      const ConfigArguments arguments = read_arguments(command->remaining());
      if (arguments.help)
        fmt::print("{}", command->help());
      else if (*help_config || arguments.help_config)
        fmt::print("{}", config_help());
      else
        return action(arguments);
      return 0;
    });
  });
  return command;
}

}  // namespace genesis::trainer
