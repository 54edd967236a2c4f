#include <fmt/core.h>

#include <algorithm>

#include "trainer/data_audit/audit_report.h"
#include "trainer/data_audit/token_runs.h"

namespace genesis::trainer {
namespace {

constexpr int64_t kBar = 40;  // columns

/// "  1 –  64 |########   120", a line for each bucket that is not empty.
std::string histogram(const data::SftSummary& s, int64_t max_seq_len) {
  const int64_t most = s.lengths.empty() ? 0 : *std::max_element(s.lengths.begin(), s.lengths.end());
  std::string text;
  for (size_t i = 0; i < s.lengths.size(); ++i) {
    if (s.lengths[i] == 0) continue;
    const int64_t low = int64_t(i) * s.length_width + 1;
    const bool last = i + 1 == s.lengths.size();
    const std::string range =
        last ? fmt::format("> {}", max_seq_len)
             : fmt::format("{} - {}", low, std::min(low + s.length_width - 1, max_seq_len));
    text +=
        fmt::format("  {:>13} |{:<{}} {}\n", range,
                    std::string(size_t((s.lengths[i] * kBar + most - 1) / most), '#'), kBar, s.lengths[i]);
  }
  return text;
}

std::string shown(const std::vector<TokenRun>& runs, bool colour) {
  std::string text;
  for (const TokenRun& run : runs)
    text +=
        colour ? fmt::format("\033[{}m{}\033[0m", run.supervised ? "1;32" : "2", run.text + run.weight_mark())
               : (run.supervised ? "\u27e6" + run.text + "\u27e7" + run.weight_mark() : run.text);
  return text;
}

std::string dataset_text(const AuditReport& report, const AuditedDataset& d, int64_t samples, bool colour) {
  const data::SftSummary& s = d.summary;
  std::string text = audit_line(d.key, s) + "\n";
  text += fmt::format("  records {}, bad {}, truncated {}, dropped {}, duplicates {}\n", s.records, s.bad(),
                      s.truncated, s.dropped_too_long + s.dropped_unsupervised, s.duplicates);
  if (report.packing)
    text += fmt::format("  packing: {} rows of {} tokens, {:.2f} % full\n", d.rows.size(), report.max_seq_len,
                        100 * d.rows.efficiency(report.max_seq_len));
  text += "  tokens a record:\n" + histogram(s, report.max_seq_len);
  for (int64_t i = 0; d.samples && i < std::min(samples, d.samples->size()); ++i)
    text += fmt::format("--- {} sample {}: {} tokens, {} with loss ---\n{}\n", d.key, i, d.samples->length(i),
                        d.samples->supervised(i),
                        shown(token_runs(report.tokenizer, d.samples->sample(i)), colour));
  return text;
}

}  // namespace

std::string report_text(const AuditReport& report, int64_t samples, bool colour) {
  std::string text;
  for (const AuditedDataset& d : report.datasets) text += dataset_text(report, d, samples, colour);
  text += report.findings.empty() ? "no findings\n" : "findings:\n";
  for (const Finding& f : report.findings) {
    text += "  " + f.line() + "\n";
    for (const std::string& place : f.places) text += "    " + place + "\n";
  }
  return text;
}

}  // namespace genesis::trainer
