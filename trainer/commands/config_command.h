#pragma once
#include <functional>
#include <string>

#include "trainer/commands/commands.h"
#include "trainer/config/read_arguments.h"

namespace genesis::trainer {

/// Adds a command that is told a config: `genesis NAME CONFIG.yaml [key=value ...]`, with --help-config and
/// with --help anywhere. `action` gets what the words say; it loads the config itself. Returns: the
/// subcommand, for options of its own (they stand before CONFIG.yaml). The action returns the exit code.
CLI::App* add_config_command(CLI::App& program, CommandContext& context, const std::string& name,
                             const std::string& about, std::function<int(const ConfigArguments&)> action);

}  // namespace genesis::trainer
