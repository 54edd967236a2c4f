#include <fmt/core.h>

#include <algorithm>

#include "trainer/data_audit/audit_report.h"
#include "trainer/data_audit/token_runs.h"

namespace genesis::trainer {
namespace {

constexpr const char* kStyle =
    "body{font:15px/1.5 sans-serif;max-width:60em;margin:2em auto;padding:0 1em;color:#222}"
    "table{border-collapse:collapse}td,th{padding:.15em .8em;text-align:right;border-bottom:1px solid #ddd}"
    "td:first-child,th:first-child{text-align:left}pre{white-space:pre-wrap;background:#f6f6f6;padding:1em;"
    "color:#777}pre b{color:#06622b;background:#d9f2df;font-weight:600}svg text{font:11px sans-serif}";

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text)
    if (c == '<')
      out += "&lt;";
    else if (c == '>')
      out += "&gt;";
    else if (c == '&')
      out += "&amp;";
    else if (c == '"')
      out += "&quot;";
    else
      out += c;
  return out;
}

std::string table_row(std::string_view name, std::string_view value) {
  return fmt::format("<tr><td>{}</td><td>{}</td></tr>\n", escaped(name), escaped(value));
}

/// Bars of the histogram of lengths.
std::string histogram(const data::SftSummary& s, int64_t max_seq_len) {
  if (s.lengths.empty()) return {};
  const int64_t most = *std::max_element(s.lengths.begin(), s.lengths.end());
  constexpr int kWidth = 20, kHeight = 160;
  std::string svg =
      fmt::format("<svg width=\"{}\" height=\"{}\" role=\"img\" aria-label=\"tokens a record\">\n",
                  int(s.lengths.size()) * kWidth + 60, kHeight + 30);
  for (size_t i = 0; i < s.lengths.size(); ++i) {
    const int height = int(s.lengths[i] * kHeight / std::max<int64_t>(1, most));
    const bool last = i + 1 == s.lengths.size();
    const std::string range =
        last ? fmt::format("longer than {}", max_seq_len)
             : fmt::format("{} to {}", int64_t(i) * s.length_width + 1, int64_t(i + 1) * s.length_width);
    svg += fmt::format(
        "<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" fill=\"{}\"><title>{} tokens: "
        "{}</title></rect>\n",
        int(i) * kWidth, kHeight - height, kWidth - 2, height, last ? "#c0392b" : "#2f7d4f", range,
        s.lengths[i]);
    if (i % 8 == 0)
      svg += fmt::format("<text x=\"{}\" y=\"{}\">{}</text>\n", int(i) * kWidth, kHeight + 16,
                         int64_t(i) * s.length_width);
  }
  return svg + "</svg>\n";
}

std::string dataset_html(const AuditReport& report, const AuditedDataset& d, int64_t samples) {
  const data::SftSummary& s = d.summary;
  std::string html = fmt::format("<h2>{}</h2>\n<table>\n", escaped(d.key));
  html += table_row("files", fmt::format("{}", s.files)) +
          table_row("records", fmt::format("{}", s.records)) +
          table_row("samples", fmt::format("{}", s.samples)) +
          table_row("turns", fmt::format("{}", s.turns)) + table_row("tokens", fmt::format("{}", s.tokens)) +
          table_row("with loss", fmt::format("{:.2f} %", 100 * s.supervised_share())) +
          table_row("longest record", fmt::format("{} tokens", s.longest)) +
          table_row("bad records", fmt::format("{}", s.bad())) +
          table_row("truncated", fmt::format("{}", s.truncated)) +
          table_row("dropped", fmt::format("{}", s.dropped_too_long + s.dropped_unsupervised)) +
          table_row("duplicates", fmt::format("{}", s.duplicates)) +
          table_row("markup in contents", fmt::format("{}", s.special_text));
  if (report.packing)
    html += table_row("packing", fmt::format("{} rows, {:.2f} % full", d.rows.size(),
                                             100 * d.rows.efficiency(report.max_seq_len)));
  html += "</table>\n<h3>Tokens a record</h3>\n" + histogram(s, report.max_seq_len);
  html += "<h3>Samples: <b>green</b> carries loss</h3>\n";
  for (int64_t i = 0; d.samples && i < std::min(samples, d.samples->size()); ++i) {
    html += "<pre>";
    for (const TokenRun& run : token_runs(report.tokenizer, d.samples->sample(i)))
      html += run.supervised ? "<b>" + escaped(run.text) + "</b>" + run.weight_mark() : escaped(run.text);
    html += "</pre>\n";
  }
  return html;
}

}  // namespace

std::string report_html(const AuditReport& report, int64_t samples) {
  std::string html = fmt::format(
      "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>Data audit</title><style>{}"
      "</style></head><body>\n<h1>Data audit</h1>\n",
      kStyle);
  html += report.findings.empty() ? "<p>No findings.</p>\n" : "<h2>Findings</h2>\n<ul>\n";
  for (const Finding& f : report.findings) {
    html += "<li>" + escaped(f.line());
    for (const std::string& place : f.places) html += "<br><code>" + escaped(place) + "</code>";
    html += "</li>\n";
  }
  if (!report.findings.empty()) html += "</ul>\n";
  for (const AuditedDataset& d : report.datasets) html += dataset_html(report, d, samples);
  return html + "</body></html>\n";
}

}  // namespace genesis::trainer
