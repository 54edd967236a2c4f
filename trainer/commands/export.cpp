#include <fmt/core.h>

#include <map>
#include <memory>
#include <string>

#include "models/safetensors/file.h"
#include "trainer/commands/model_options.h"
#include "trainer/export/export_model.h"

namespace genesis::trainer {
namespace {

struct ExportArguments {
  std::string checkpoint, out, tokenizer, chat_template;
  std::string naming = "auto", dtype = "auto", shard = "5GB";
  int threads = 0;
  bool lenient = false;
};

/// "4GB", "500MB" or a number of bytes.
int64_t bytes_of(const std::string& text) {
  size_t digits = 0;
  double value = 0;
  try {
    value = std::stod(text, &digits);
  } catch (const std::exception&) {
    digits = 0;
  }
  const std::map<std::string, double> units{{"", 1}, {"KB", 1e3}, {"MB", 1e6}, {"GB", 1e9}};
  const auto unit = digits == 0 ? units.end() : units.find(text.substr(digits));
  if (unit == units.end() || !(value * unit->second >= 1) || value * unit->second > 9e18)
    throw ConfigError("--max-shard-size '{}' is not a size such as 500MB or 4GB", text);
  return int64_t(value * unit->second);
}

void run_export(const ExportArguments& a) {
  use_threads(a.threads);
  const models::LenientReading reading(a.lenient);
  ExportOptions options;
  options.checkpoint = a.checkpoint;
  options.out = a.out;
  if (!a.tokenizer.empty()) options.tokenizer = a.tokenizer;
  if (!a.chat_template.empty()) options.chat_template = a.chat_template;
  if (a.naming != "auto") options.naming = a.naming == "qwen1" ? models::Naming::qwen : models::Naming::llama;
  if (a.dtype != "auto") options.dtype = dtype_of_word(a.dtype);
  options.max_shard_bytes = bytes_of(a.shard);
  if (options.out.extension() == ".gguf") {
    if (a.naming != "auto") throw ConfigError("--naming {}: a GGUF file has names of its own", a.naming);
    const ExportReport r = export_gguf(options);
    fmt::print("{}: {:.3g} M parameters from {}, GGUF, {}, {:.1f} MB; every tensor read back the same\n",
               a.out, double(r.parameters) * 1e-6, r.source.string(), name_of(r.dtype),
               double(r.bytes) * 1e-6);
    return;
  }
  const ExportReport r = export_model(options);
  fmt::print("{}: {:.3g} M parameters from {}, {} names, {}, {} safetensors {}, {:.1f} MB\n", a.out,
             double(r.parameters) * 1e-6, r.source.string(),
             r.naming == models::Naming::qwen ? "Qwen-1" : "Qwen1.5", name_of(r.dtype), r.files,
             r.files == 1 ? "file" : "files", double(r.bytes) * 1e-6);
  fmt::print(
      "read back from the disk: {} sample texts give the same token ids, {} logits are bit for bit the same",
      r.texts, r.logits);
  if (r.rounding > 0)
    fmt::print("; rounding to {} moved a logit by at most {:.2g}", name_of(r.dtype), r.rounding);
  fmt::print("\n");
}

}  // namespace

void add_export(CLI::App& program, CommandContext& context) {
  const auto a = std::make_shared<ExportArguments>();
  auto* command =
      program.add_subcommand("export", "Write a checkpoint as a Hugging Face folder, and check it");
  command
      ->add_option("checkpoint,--model", a->checkpoint, "model folder, checkpoint, or a run's output folder")
      ->required();
  command
      ->add_option("out,--out", a->out,
                   "the folder to write, or a file FILE.gguf for llama.cpp; it must not exist")
      ->required();
  command
      ->add_option("--naming", a->naming,
                   "names of tensors and files: qwen1 (needs Qwen-1's own code in Python), qwen1.5 (read by "
                   "every recent library), auto (the model family's)")
      ->check(CLI::IsMember({"qwen1", "qwen1.5", "auto"}))
      ->capture_default_str();
  command->add_option("--dtype", a->dtype, "of the stored weights; auto: as the checkpoint stores them")
      ->check(CLI::IsMember({"f32", "bf16", "f16", "auto"}))
      ->capture_default_str();
  command->add_option("--max-shard-size", a->shard, "longest safetensors file, such as 4GB")
      ->capture_default_str();
  command->add_option("--tokenizer", a->tokenizer,
                      "tokenizer file or folder, where the checkpoint's is not used");
  command->add_option("--template", a->chat_template, "chat template; by default that of the model's family");
  command->add_option("--threads", a->threads, "threads; by default all cores")->check(CLI::PositiveNumber);
  add_lenient_option(*command, a->lenient);
  command->callback([a, &context] { context.run([a] { run_export(*a); }); });
}

}  // namespace genesis::trainer
