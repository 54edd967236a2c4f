#include "trainer/benchmark/benchmark.h"

#include <fmt/core.h>

#include <memory>
#include <string>

#include "models/safetensors/file.h"
#include "trainer/commands/model_options.h"

namespace genesis::trainer {

void add_benchmark(CLI::App& program, CommandContext& context) {
  struct Options {
    BenchmarkOptions benchmark;
    std::string dtype = "auto";
    int threads = 0;
    bool json = false, lenient = false;
  };
  const auto o = std::make_shared<Options>();
  auto* command =
      program.add_subcommand("benchmark", "Measure prefill, decode and memory of models, side by side");
  command
      ->add_option(
          "models,--model", o->benchmark.models,
          "model folders or a run's output folders; a config.json or model YAML stands for random weights")
      ->required();
  command->add_option("--prompt-tokens", o->benchmark.prompt_tokens, "length of the prompt")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  command->add_option("--new-tokens", o->benchmark.new_tokens, "tokens decoded after it")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  command->add_option("--batch", o->benchmark.batch, "texts at once")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  command->add_option("--repeats", o->benchmark.repeats, "passes; medians are shown")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  command->add_option("--dtype", o->dtype, "arithmetic: auto (as the weights are stored), f32 or bf16")
      ->check(CLI::IsMember({"auto", "f32", "bf16"}))
      ->capture_default_str();
  command->add_option("--threads", o->threads, "threads; by default all cores")->check(CLI::PositiveNumber);
  command->add_flag("--json", o->json, "one JSON object a model");
  add_lenient_option(*command, o->lenient);
  command->callback([o, &context] {
    context.run([o] {
      use_threads(o->threads);
      if (o->dtype != "auto") o->benchmark.dtype = dtype_of_word(o->dtype);
      const models::LenientReading reading(o->lenient);
      const auto results = benchmark_models(o->benchmark);
      fmt::print("{}", o->json ? benchmark_json(results) : benchmark_table(results));
    });
  });
}

}  // namespace genesis::trainer
