#pragma once
#include <string>

#include "trainer/commands/commands.h"
#include "trainer/inference/loaded_model.h"

namespace genesis::trainer {

/// The command line's words about the model a command talks to.
struct ModelArguments {
  std::string path, tokenizer, chat_template;
  std::string dtype = "auto", device = "auto";
  int threads = 0;
  bool lenient = false;
};

/// MODEL, --tokenizer, --template, --dtype, --device, --threads, --lenient.
void add_model_options(CLI::App& command, ModelArguments& arguments);

/// --lenient: safetensors files that the format's description forbids and its reference reader accepts are
/// read, with warnings (models::LenientReading).
void add_lenient_option(CLI::App& command, bool& lenient);

/// Sets the number of threads and opens the model. Errors: as open_model.
LoadedModel open_model(const ModelArguments& arguments);

/// The same by all ranks of a job, of which those of `tp` share the model. Collective over them.
LoadedModel open_model(const ModelArguments& arguments, parallel::Communicator& ranks,
                       const parallel::TensorParallel& tp);

/// Threads of a process that is not one of several ranks: `threads`, or all its cores when it is 0.
void use_threads(int threads);

/// "f32", "bf16" or "f16". Errors: ConfigError for another word.
DType dtype_of_word(const std::string& word);

}  // namespace genesis::trainer
