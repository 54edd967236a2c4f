#include "trainer/golden/verify.h"

#include <fmt/core.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "parallel/threads.h"
#include "parallel/world.h"
#include "trainer/commands/commands.h"
#include "trainer/inspect/checkpoint_summary.h"
#include "trainer/train/device.h"

namespace genesis::trainer {
namespace {

struct VerifyOptions {
  std::vector<std::string> arguments;
  std::string precision = "both", device = "cpu";
  bool all = false;
};

/// Prints a table for every folder and precision; the exit code says whether all was inside.
int verify_folders(const VerifyOptions& options) {
  const DeviceScope place(device_of_word(options.device));
  std::vector<std::string> folders, assignments;
  for (const std::string& argument : options.arguments)
    (argument.find('=') == std::string::npos ? folders : assignments).push_back(argument);
  if (folders.empty()) throw ConfigError("no reference folder is named");
  const GoldenLayout layout = GoldenLayout::parse(assignments);
  parallel::World world;
  parallel::Communicator& ranks = world.communicator();
  parallel::apply(parallel::plan_threads(ranks, std::nullopt));
  const bool split = ranks.size() > 1 || !assignments.empty();
  int64_t outside = 0;
  for (const std::string& folder : folders) {
    const GoldenCase reference(folder);
    for (const auto& [name, precision] :
         {std::pair{"fp32", GoldenPrecision::fp32}, {"bf16", GoldenPrecision::bf16}}) {
      if (options.precision != "both" && options.precision != name) continue;
      const GoldenReport report =
          split ? verify_split(reference, precision, layout, ranks) : verify_golden(reference, precision);
      outside += report.outside();
      if (ranks.rank() != 0) continue;
      fmt::print("{} {} on {}{}: {} quantities, {} outside\n{}\n", folder, name, name_of(default_device),
                 split ? ", " + describe(layout, ranks.size()) : "", report.rows().size(), report.outside(),
                 golden_table(report, options.all));
    }
  }
  if (outside > 0 && ranks.rank() == 0)
    fmt::print("{} quantities are outside what the reference allows\n", outside);
  return outside > 0 ? int(ExitCode::numerics) : 0;
}

/// Reads every byte of each checkpoint; the exit code says whether all were as they were written.
int verify_checkpoints(const std::vector<std::string>& paths) {
  int64_t damaged = 0;
  for (const std::string& path : paths)
    for (const CheckpointVerdict& verdict : verify_checkpoints_at(path)) {
      fmt::print("{}\n", verdict.text());
      damaged += !verdict.damage.empty();
    }
  return damaged > 0 ? int(ExitCode::corrupt_checkpoint) : 0;
}

}  // namespace

void add_verify(CLI::App& program, CommandContext& context) {
  auto* verify = program.add_subcommand("verify", "Check a checkpoint, or this build against a reference");
  verify->require_subcommand(0, 1);
  auto checkpoints = std::make_shared<std::vector<std::string>>();
  verify->add_option("CHECKPOINT", *checkpoints,
                     "checkpoints, or output folders of runs: all checkpoints there");
  verify->callback([verify, checkpoints, &context] {
    if (verify->get_subcommands().empty())
      context.run_with_code([checkpoints] {
        if (checkpoints->empty()) throw ConfigError("verify: name a checkpoint, or `golden` (see --help)");
        return verify_checkpoints(*checkpoints);
      });
  });
  auto options = std::make_shared<VerifyOptions>();
  auto* golden =
      verify->add_subcommand("golden", "Forward, gradients, training, generation against reference folders");
  golden
      ->add_option(
          "FOLDER", options->arguments,
          "folders with golden.json and golden.safetensors; under mpirun also tensor_parallel_size=N, "
          "sequence_parallel=true|false, tensor_parallel_overlap=N, zero_stage=0|1, "
          "gradient_accumulation_steps=N")
      ->required();
  golden->add_option("--precision", options->precision)->check(CLI::IsMember({"fp32", "bf16", "both"}));
  golden->add_option("--device", options->device, "cpu or cuda")->check(CLI::IsMember({"cpu", "cuda"}));
  golden->add_flag("--all", options->all, "a line for every quantity");
  golden->callback(
      [options, &context] { context.run_with_code([options] { return verify_folders(*options); }); });
}

}  // namespace genesis::trainer
