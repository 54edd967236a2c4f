#include <unistd.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "trainer/chat/chat_loop.h"
#include "trainer/chat/interrupt.h"
#include "trainer/commands/generation_options.h"
#include "trainer/commands/model_options.h"
#include "trainer/inference/model_ranks.h"

namespace genesis::trainer {
namespace {

struct ChatOptions {
  ModelArguments model;
  GenerationArguments generation;
  std::optional<std::string> prompt, system;
};

/// Lines of the user: those of rank 0, on every rank.
class Questions {
 public:
  Questions(ModelRanks& ranks, const std::optional<std::string>& prompt) : ranks_(ranks), prompt_(prompt) {}

  LineReader::Result next(std::string& line) {
    if (prompt_) {
      line = *prompt_;
      return std::exchange(asked_, true) ? LineReader::Result::end : LineReader::Result::line;
    }
    auto result = LineReader::Result::end;
    if (ranks_.is_first()) result = lines_.next(line);
    result = LineReader::Result(ranks_.of_first(int64_t(result)));
    if (result == LineReader::Result::line) line = ranks_.of_first(line);
    return result;
  }

 private:
  ModelRanks& ranks_;
  const std::optional<std::string>& prompt_;
  LineReader lines_{STDIN_FILENO};
  bool asked_ = false;
};

void chat(const ChatOptions& o) {
  ModelRanks ranks;
  LoadedModel model = open_model(o.model, ranks.all(), ranks.split());
  ChatSession session(model, with_arguments(model.generation, o.generation), o.system);
  InterruptFlag interrupt;
  Questions questions(ranks, o.prompt);
  const bool terminal = !o.prompt && ::isatty(STDIN_FILENO) != 0 && ::isatty(STDOUT_FILENO) != 0;
  const ChatIo io{.read = [&](std::string& line) { return questions.next(line); },
                  .out = ranks.out(),
                  .take_interrupt =
                      [&] {
                        const bool came = ranks.of_first(int64_t{interrupt.is_set()}) != 0;
                        interrupt.clear();
                        return came;
                      },
                  .is_terminal = ranks.of_first(int64_t{terminal}) != 0,
                  .writes_files = ranks.is_first()};
  if (io.is_terminal)
    io.out << model.folder.string() << ", template " << model.chat.chat_template().name
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
