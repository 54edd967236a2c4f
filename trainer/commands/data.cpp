#include <fmt/core.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>

#include "kernels/core/log.h"
#include "trainer/commands/commands.h"
#include "trainer/commands/own_options.h"
#include "trainer/config/load.h"
#include "trainer/config/print.h"
#include "trainer/config/read_arguments.h"
#include "trainer/data_audit/audit_report.h"

namespace genesis::trainer {
namespace {

constexpr int64_t kShownSamples = 3;

struct AuditOptions {
  bool json = false, eval = false;
  std::optional<std::string> html;
  int64_t samples = kShownSamples;
  std::optional<int64_t> rows;
};

int64_t whole_number(const std::string& name, const std::string& text) {
  char* end = nullptr;
  const long long value = std::strtoll(text.c_str(), &end, 10);
  if (text.empty() || *end != '\0' || value < 0)
    throw ConfigError("command line: {} is '{}', must be a whole number", name, text);
  return value;
}

AuditOptions take_options(std::vector<std::string>& words) {
  AuditOptions o;
  o.json = take_flag(words, "--json");
  o.eval = take_flag(words, "--eval");
  o.html = take_value(words, "--html");
  if (const auto n = take_value(words, "--samples")) o.samples = whole_number("--samples", *n);
  if (const auto n = take_value(words, "--rows")) o.rows = whole_number("--rows", *n);
  return o;
}

void print_rows(const AuditReport& report, const AuditOptions& o) {
  const AuditedDataset& d = report.datasets[o.eval ? 1 : 0];
  const int64_t rows = std::min(d.rows.size(), o.rows.value_or(d.rows.size()));
  for (int64_t r = 0; r < rows; ++r) fmt::print("{}\n", row_json(d, r));
}

void write_html(const std::string& path, const AuditReport& report) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file << report_html(report, 20);
  file.close();
  if (!file) throw DiskError("{}: cannot be written", path);
  notice("{}: written", path);
}

void audit(std::vector<std::string> words) {
  const AuditOptions o = take_options(words);
  const LoadedConfig loaded = load_config(read_arguments(words));
  for (const std::string& line : loaded.notices) log_line(line);
  const AuditReport report = audit_data(loaded.config);
  if (o.eval && report.datasets.size() < 2)
    throw ConfigError("command line: --eval needs {}", loaded.config.about("eval_dataset"));
  if (o.html) write_html(*o.html, report);
  const bool colour = ::isatty(STDOUT_FILENO) == 1 && std::getenv("NO_COLOR") == nullptr;
  if (o.json)
    print_rows(report, o);
  else
    fmt::print("{}", report_text(report, o.samples, colour));
  std::fflush(stdout);
  if (loaded.config.audit != AuditPolicy::strict || report.findings.empty()) return;
  throw DataError("the data audit is strict and has {} {}; the first: {}", report.findings.size(),
                  report.findings.size() == 1 ? "finding" : "findings", report.findings.front().line());
}

}  // namespace

void add_data(CLI::App& program, CommandContext& context) {
  auto* command = program.add_subcommand("data", "Look at training data before a run");
  command->require_subcommand(1);
  auto* audit_command = command->add_subcommand(
      "audit", "Count, check and show the samples of a config: which tokens carry loss, and what is wrong");
  audit_command->footer(
      "genesis data audit CONFIG.yaml [key=value ...] [options]\n"
      "  --json         rows for programs: input_ids, labels, position_ids, document_ids, one object a line\n"
      "  --rows N       with --json: the first N rows only\n"
      "  --eval         with --json: rows of eval_dataset\n"
      "  --html FILE    the report as one page\n"
      "  --samples N    samples to show (3)\n"
      "audit=strict makes any finding exit code 65.\n");
  audit_command->prefix_command();
  audit_command->callback([audit_command, &context] {
    context.run([audit_command] {
      const auto words = audit_command->remaining();
      if (words.empty()) return fmt::print("{}", audit_command->help());
      audit(words);
    });
  });
}

}  // namespace genesis::trainer
