#include "trainer/golden/verify.h"

#include <fmt/core.h>

#include <memory>
#include <string>
#include <vector>

#include "trainer/commands/commands.h"

namespace genesis::trainer {
namespace {

struct VerifyOptions {
  std::vector<std::string> folders;
  std::string precision = "both";
  bool all = false;
};

/// Prints a table for every folder and precision; the exit code says whether all was inside.
int verify_folders(const VerifyOptions& options) {
  int64_t outside = 0;
  for (const std::string& folder : options.folders) {
    const GoldenCase reference(folder);
    for (const auto& [name, precision] :
         {std::pair{"fp32", GoldenPrecision::fp32}, {"bf16", GoldenPrecision::bf16}}) {
      if (options.precision != "both" && options.precision != name) continue;
      const GoldenReport report = verify_golden(reference, precision);
      fmt::print("{} {} on cpu: {} quantities, {} outside\n{}\n", folder, name, report.rows().size(),
                 report.outside(), golden_table(report, options.all));
      outside += report.outside();
    }
  }
  if (outside > 0) fmt::print("{} quantities are outside what the reference allows\n", outside);
  return outside > 0 ? int(ExitCode::numerics) : 0;
}

}  // namespace

void add_verify(CLI::App& program, CommandContext& context) {
  auto* verify = program.add_subcommand("verify", "Check this build against a reference");
  verify->require_subcommand(1);
  auto options = std::make_shared<VerifyOptions>();
  auto* golden =
      verify->add_subcommand("golden", "Forward, gradients, training, generation against reference folders");
  golden->add_option("FOLDER", options->folders, "folders with golden.json and golden.safetensors")
      ->required();
  golden->add_option("--precision", options->precision)->check(CLI::IsMember({"fp32", "bf16", "both"}));
  golden->add_flag("--all", options->all, "a line for every quantity");
  golden->callback(
      [options, &context] { context.run_with_code([options] { return verify_folders(*options); }); });
}

}  // namespace genesis::trainer
