#include "trainer/commands/model_options.h"

#include "models/safetensors/file.h"
#include "parallel/threads.h"
#include "trainer/train/device.h"

namespace genesis::trainer {

void add_model_options(CLI::App& command, ModelArguments& a) {
  command
      .add_option("model,--model", a.path,
                  "model folder, or a run's output folder: its newest checkpoint then; or a name such as "
                  "Qwen/Qwen-1_8B-Chat, looked for in GENESIS_MODELS and Hugging Face's cache")
      ->required();
  command.add_option("--tokenizer", a.tokenizer, "tokenizer file or folder, where the model's is not used");
  command.add_option(
      "--template", a.chat_template,
      "chat template: qwen, qwen1.5, qwen2.5, qwen3; by default the folder's own, else that of its family");
  command.add_option("--dtype", a.dtype, "arithmetic: auto (as the weights are stored), f32 or bf16")
      ->check(CLI::IsMember({"auto", "f32", "bf16"}))
      ->capture_default_str();
  command.add_option("--device", a.device, "where to compute; auto takes a GPU where there is one")
      ->check(CLI::IsMember({"auto", "cpu", "cuda"}))
      ->capture_default_str();
  command.add_option("--threads", a.threads, "threads; by default all cores")->check(CLI::PositiveNumber);
  add_lenient_option(command, a.lenient);
}

void add_lenient_option(CLI::App& command, bool& lenient) {
  command.add_flag(
      "--lenient", lenient,
      "read safetensors files that break the format in ways other readers let pass, with warnings");
}

void use_threads(int threads) {
  parallel::apply(parallel::plan_threads(threads > 0 ? std::optional<int>(threads) : std::nullopt));
}

DType dtype_of_word(const std::string& word) {
  for (const DType dtype : {DType::f32, DType::bf16, DType::f16})
    if (word == name_of(dtype)) return dtype;
  throw ConfigError("dtype '{}' is unknown; known are f32, bf16, f16", word);
}

namespace {

OpenOptions options_of(const ModelArguments& a) {
  OpenOptions options;
  options.path = a.path;
  options.device = device_of_word(a.device);
  if (!a.tokenizer.empty()) options.tokenizer = a.tokenizer;
  if (!a.chat_template.empty()) options.chat_template = a.chat_template;
  if (a.dtype != "auto") options.dtype = dtype_of_word(a.dtype);
  return options;
}

}  // namespace

LoadedModel open_model(const ModelArguments& a) {
  use_threads(a.threads);
  const models::LenientReading reading(a.lenient);
  return open_model(options_of(a));
}

LoadedModel open_model(const ModelArguments& a, parallel::Communicator& ranks,
                       const parallel::TensorParallel& tp) {
  parallel::apply(
      parallel::plan_threads(ranks, a.threads > 0 ? std::optional<int>(a.threads) : std::nullopt));
  const models::LenientReading reading(a.lenient);
  OpenOptions options = options_of(a);
  options.tp = tp;
  return open_model(options);
}

}  // namespace genesis::trainer
