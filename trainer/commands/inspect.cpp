#include <fmt/core.h>

#include <memory>
#include <string>

#include "trainer/commands/commands.h"
#include "trainer/inspect/model_summary.h"

namespace genesis::trainer {

void add_inspect(CLI::App& program, CommandContext& context) {
  struct Options {
    std::string path;
    bool tensors = false, json = false;
  };
  const auto o = std::make_shared<Options>();
  auto* command = program.add_subcommand("inspect", "Say what a model is: shape, parameters, stored tensors");
  command
      ->add_option("model,--model", o->path,
                   "model folder, a run's output folder, config.json or a model YAML")
      ->required();
  command->add_flag("--tensors", o->tensors, "list every tensor");
  command->add_flag("--json", o->json, "one JSON object with every tensor");
  command->callback([o, &context] {
    context.run([o] {
      const ModelSummary summary = summarise_model(o->path);
      fmt::print("{}", o->json ? summary_json(summary) : summary_text(summary, o->tensors));
    });
  });
}

}  // namespace genesis::trainer
