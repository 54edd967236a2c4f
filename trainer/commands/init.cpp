#include <fmt/core.h>

#include <memory>
#include <string>

#include "kernels/core/log.h"
#include "trainer/commands/model_options.h"
#include "trainer/inference/new_model.h"

namespace genesis::trainer {

void add_init(CLI::App& program, CommandContext& context) {
  const auto o = std::make_shared<NewModelOptions>();
  const auto dtype = std::make_shared<std::string>("f32");
  auto* command = program.add_subcommand("init", "Write a model folder with random weights");
  command->add_option("config,--config", o->config, "model YAML, config.json, or a folder with one")
      ->required();
  command->add_option("out,--out", o->out, "the folder to write; it must not exist")->required();
  command->add_option("--seed", o->seed, "of the random weights")->capture_default_str();
  command->add_option("--dtype", *dtype, "of the stored weights")
      ->check(CLI::IsMember({"f32", "bf16"}))
      ->capture_default_str();
  command->add_option("--tokenizer", o->tokenizer, "tokenizer file or folder to put beside the weights");
  command->callback([o, dtype, &context] {
    context.run([o, dtype] {
      o->dtype = dtype_of_word(*dtype);
      use_threads(0);
      const models::QwenConfig config = write_new_model(*o);
      fmt::print("{}: {} parameters, random from seed {}, {}\n", o->out.string(),
                 models::parameter_count(config), o->seed, name_of(o->dtype));
    });
  });
}

}  // namespace genesis::trainer
