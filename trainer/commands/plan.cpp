#include <fmt/core.h>

#include <cstdio>

#include "kernels/core/error.h"
#include "trainer/commands/config_command.h"
#include "trainer/plan/plan_request.h"

namespace genesis::trainer {
namespace {

int plan(const ConfigArguments& given) {
  ConfigArguments arguments = given;
  const PlanRequest request = take_plan_request(arguments);
  const PlanReport report = make_plan(arguments, request);
  fmt::print("{}", request.json ? plan_json(report) : plan_text(report));
  std::fflush(stdout);
  if (!report.asked.fits(report.machine))
    throw ConfigError("this layout needs {:.2f} GiB a rank, {} has {:.2f} GiB; {}",
                      double(report.asked.memory.total()) / double(1 << 30), report.machine.name,
                      report.machine.memory_bytes / double(1 << 30),
                      report.change ? "smallest change: " + report.change->changes_from(report.asked.input)
                                    : "no change found that fits");
  return 0;
}

}  // namespace

void add_plan(CLI::App& program, CommandContext& context) {
  auto* command = add_config_command(
      program, context, "plan", "Say what memory and time a run will need, before any GPU is used", plan);
  command->footer(
      "genesis plan CONFIG.yaml [key=value ...] [--ranks N] [--gpu h100|h200|a100|cpu] [--nodes M] [--nic "
      "GBIT]\n"
      "             [--sweep 1,8,64,512,1024] [--json]\n");
}

}  // namespace genesis::trainer
