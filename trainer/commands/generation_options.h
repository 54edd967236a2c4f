#pragma once
#include <cstdint>
#include <optional>

#include "models/generation/generation_config.h"
#include "trainer/commands/commands.h"

namespace genesis::trainer {

/// The command line's words about how tokens are chosen; what is absent is the model folder's.
struct GenerationArguments {
  std::optional<int64_t> max_new_tokens, top_k;
  std::optional<double> temperature, top_p, repetition_penalty;
  std::optional<uint64_t> seed;
  std::optional<int64_t> num_return_sequences;  ///< an option of `generate` alone
  bool greedy = false;
};

/// --max-new-tokens, --temperature, --top-k, --top-p, --repetition-penalty, --seed, --greedy.
void add_generation_options(CLI::App& command, GenerationArguments& arguments);

/// The settings with what the command line says. Temperature, top-k, top-p, seed or several answers mean
/// sampling; --greedy or temperature 0 mean the likeliest token. Errors: ConfigError naming the setting and
/// its value.
models::GenerationConfig with_arguments(models::GenerationConfig settings,
                                        const GenerationArguments& arguments);

}  // namespace genesis::trainer
