#pragma once
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <functional>
#include <utility>

namespace genesis::trainer {

/// What the command line chose. A command's add_ function declares its options on a subcommand and, in the
/// subcommand's callback, says what to do; nothing runs before the whole command line is understood.
class CommandContext {
 public:
  /// `action` runs once after parsing. It returns normally for exit code 0 and throws genesis::Error
  /// otherwise.
  void run(std::function<void()> action) {
    action_ = [action = std::move(action)] {
      action();
      return 0;
    };
  }
  /// As run, for a command whose answer is an exit code of its own (a comparison that is out of tolerance).
  void run_with_code(std::function<int()> action) { action_ = std::move(action); }

  const std::function<int()>& action() const { return action_; }

 private:
  std::function<int()> action_;
};

// One function for each line of command_list.h, defined in trainer/commands/<name>.cpp.
#define GENESIS_COMMAND(name) void add_##name(CLI::App& program, CommandContext& context);
#include "trainer/commands/command_list.h"
#undef GENESIS_COMMAND

}  // namespace genesis::trainer
