#include "trainer/commands/generation_options.h"

#include "kernels/core/error.h"

namespace genesis::trainer {

void add_generation_options(CLI::App& command, GenerationArguments& a) {
  command.add_option("--max-new-tokens", a.max_new_tokens, "longest answer in tokens");
  command.add_option("--temperature", a.temperature, "logits are divided by it; 0 is --greedy");
  command.add_option("--top-k", a.top_k, "choose among the k likeliest tokens; 0: all");
  command.add_option("--top-p", a.top_p, "choose among the likeliest tokens that reach this probability");
  command.add_option("--repetition-penalty", a.repetition_penalty, "makes tokens already used less likely");
  command.add_option("--seed", a.seed, "of the random choices");
  command.add_flag("--greedy", a.greedy, "always the likeliest token");
}

models::GenerationConfig with_arguments(models::GenerationConfig g, const GenerationArguments& a) {
  if (a.max_new_tokens) g.max_new_tokens = *a.max_new_tokens;
  if (a.top_k) g.top_k = *a.top_k;
  if (a.top_p) g.top_p = *a.top_p;
  if (a.repetition_penalty) g.repetition_penalty = *a.repetition_penalty;
  if (a.seed) g.seed = *a.seed;
  if (a.num_return_sequences) g.num_return_sequences = *a.num_return_sequences;
  if (a.temperature && *a.temperature != 0) g.temperature = *a.temperature;
  if (a.temperature || a.top_k || a.top_p || a.seed || g.num_return_sequences > 1) g.do_sample = true;
  if (a.greedy || a.temperature == 0.0) g.do_sample = false;
  if (g.max_new_tokens < 1)
    throw ConfigError("--max-new-tokens is {}: it must be at least 1", g.max_new_tokens);
  g.check();
  return g;
}

}  // namespace genesis::trainer
