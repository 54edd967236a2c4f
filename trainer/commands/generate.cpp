#include <fmt/core.h>

#include <iostream>
#include <iterator>
#include <memory>
#include <sstream>
#include <string>

#include "trainer/commands/generation_options.h"
#include "trainer/commands/model_options.h"
#include "trainer/commands/standard_input.h"
#include "trainer/generate/answer_lines.h"
#include "trainer/generate/prompt.h"
#include "trainer/inference/model_ranks.h"

namespace genesis::trainer {
namespace {

constexpr const char* kInput = "<stdin>";

struct GenerateOptions {
  ModelArguments model;
  GenerationArguments generation;
  std::optional<std::string> prompt;
  bool json = false, raw = false;
};

std::string text_on_stdin() {
  StandardInput in;
  std::string text{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  if (text.ends_with('\n')) text.pop_back();
  return text;
}

void answer_one(LoadedModel& model, const models::GenerationConfig& settings, const std::string& text,
                bool raw, const char* where, std::ostream& out) {
  const auto config = with_stop_ids(model, settings, raw);
  const Prompt prompt =
      raw ? raw_prompt(model, text, config.max_new_tokens, where)
          : chat_prompt(model, {{}, {{data::Role::user, text}}}, config.max_new_tokens, where);
  if (config.num_return_sequences == 1) {
    answer(model, {prompt}, config, [&out](size_t, std::string_view piece) {
      out << piece << std::flush;
      if (!out) throw DiskError("the output cannot be written");
      return true;
    });
    out << std::endl;
  } else {
    const auto answers = answer(model, {prompt}, config);
    for (size_t i = 0; i < answers.size(); ++i)
      out << fmt::format("[{} of {}]\n{}\n", i + 1, answers.size(), answers[i].text);
    out << std::flush;
  }
  if (!out) throw DiskError("the output cannot be written");
}

void generate(const GenerateOptions& o) {
  if (o.json && o.prompt) throw ConfigError("--json reads its prompts from stdin; leave out --prompt");
  ModelRanks ranks;
  LoadedModel model = open_model(o.model, ranks.all(), ranks.split());
  const auto settings = with_arguments(model.generation, o.generation);
  if (o.json && !ranks.are_many()) {
    StandardInput in;
    return answer_lines(model, settings, o.raw, in, std::cout, kInput);
  }
  const std::string text =
      ranks.of_first(o.prompt || !ranks.is_first() ? o.prompt.value_or("") : text_on_stdin());
  if (o.json) {  // several ranks answer all lines together
    std::istringstream in(text);
    return answer_lines(model, settings, o.raw, in, ranks.out(), kInput);
  }
  answer_one(model, settings, text, o.raw, o.prompt ? "--prompt" : kInput, ranks.out());
}

}  // namespace

void add_generate(CLI::App& program, CommandContext& context) {
  const auto o = std::make_shared<GenerateOptions>();
  auto* command = program.add_subcommand("generate", "Answer a prompt, or JSON lines of prompts");
  add_model_options(*command, o->model);
  command->add_option("--prompt", o->prompt, "the question; by default all of stdin");
  command->add_flag("--raw", o->raw, "continue the prompt as it is, without the chat's markup");
  command->add_flag("--json", o->json,
                    "for programs: lines {\"prompt\": ...} or {\"messages\": [...]} on stdin to lines "
                    "{\"text\", \"ids\", \"finish_reason\"}");
  add_generation_options(*command, o->generation);
  command->add_option("-n,--num-return-sequences", o->generation.num_return_sequences,
                      "answers to each prompt, by sampling; with --json a line is {\"answers\": [...]}");
  command->callback([o, &context] { context.run([o] { generate(*o); }); });
}

}  // namespace genesis::trainer
