#include <unistd.h>

#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "trainer/chat/chat_loop.h"
#include "trainer/chat/interrupt.h"
#include "trainer/commands/generation_options.h"
#include "trainer/commands/model_options.h"

namespace genesis::trainer {
namespace {

struct ChatOptions {
  ModelArguments model;
  GenerationArguments generation;
  std::optional<std::string> prompt, system;
};

void chat(const ChatOptions& o) {
  LoadedModel model = open_model(o.model);
  ChatSession session(model, with_arguments(model.generation, o.generation), o.system);
  InterruptFlag interrupt;
  LineReader lines(STDIN_FILENO);
  bool asked = false;
  const ChatIo io{.read =
                      [&](std::string& line) {
                        if (!o.prompt) return lines.next(line);
                        line = *o.prompt;
                        return std::exchange(asked, true) ? LineReader::Result::end
                                                          : LineReader::Result::line;
                      },
                  .out = std::cout,
                  .take_interrupt =
                      [&] {
                        const bool came = interrupt.is_set();
                        interrupt.clear();
                        return came;
                      },
                  .is_terminal = !o.prompt && ::isatty(STDIN_FILENO) != 0 && ::isatty(STDOUT_FILENO) != 0};
  if (io.is_terminal)
    std::cout << model.folder.string() << ", template " << model.chat.chat_template().name
              << ". /help shows the commands.\n";
  run_chat(session, io);
}

}  // namespace

void add_chat(CLI::App& program, CommandContext& context) {
  const auto o = std::make_shared<ChatOptions>();
  auto* command = program.add_subcommand("chat", "Talk with a model");
  add_model_options(*command, o->model);
  command->add_option("--prompt", o->prompt, "ask this one question and exit");
  command->add_option("--system", o->system, "system text; by default the template's");
  add_generation_options(*command, o->generation);
  command->callback([o, &context] { context.run([o] { chat(*o); }); });
}

}  // namespace genesis::trainer
