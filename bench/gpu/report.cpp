#include "bench/gpu/report.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdio>

namespace genesis::bench {

double now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

Report::Report(double minutes, std::string only, bool judges)
    : end_(now() + 60 * minutes), only_(std::move(only)), judges_(judges) {}

bool Report::begins(const std::string& part) {
  if (!only_.empty() && part != only_) return false;
  part_ = part;
  if (now() < end_) return true;
  fmt::print("{}\n", Json{{"part", part}, {"left_out", "no time left"}}.dump());
  return false;
}

void Report::add(const std::string& name, double value, const std::string& unit, const Wanted& wanted) {
  add_row({name, value, unit, judges_ ? wanted : Wanted{}, false});
}

void Report::add_at_most(const std::string& name, double value, const std::string& unit, double most) {
  add_row({name, value, unit, {.floor = judges_ ? most : 0}, true});
}

void Report::add_row(Row row) {
  Json line{{"part", part_}, {"figure", row.name}, {"value", row.value}, {"unit", row.unit}};
  if (row.wanted.floor > 0) line[row.bounded_above ? "at_most" : "floor"] = row.wanted.floor;
  if (row.wanted.target > 0) line["target"] = row.wanted.target;
  fmt::print("{}\n", line.dump());
  std::fflush(stdout);
  rows_.push_back(std::move(row));
}

void Report::check(const std::string& name, bool passed, const std::string& detail) {
  fmt::print("{}\n", Json{{"part", part_}, {"check", name}, {"passed", passed}, {"detail", detail}}.dump());
  std::fflush(stdout);
  checks_.push_back({name, passed, detail});
}

void Report::fail(const std::string& what) {
  fmt::print("{}\n", Json{{"part", part_}, {"failed", what}}.dump());
  checks_.push_back({"part " + part_, false, what});
}

bool Report::all_passed() const {
  return std::all_of(checks_.begin(), checks_.end(), [](const Check& c) { return c.passed; });
}

std::string Report::Row::verdict() const {
  if (wanted.floor <= 0) return "";
  if (bounded_above) return value <= wanted.floor ? "ok" : "ABOVE";
  if (value < wanted.floor) return "BELOW";
  return value >= wanted.target ? "target" : "floor";
}

void Report::print_table() const {
  fmt::print("\n");
  for (const Check& c : checks_) fmt::print("{:<6} {}: {}\n", c.passed ? "ok" : "WRONG", c.name, c.detail);
  fmt::print("\n{:<72} {:>20} {:>7} {:>7}\n", "figure", "measured", "floor", "target");
  for (const Row& r : rows_) {
    const auto text = [](double x) { return x > 0 ? fmt::format("{:.6g}", x) : std::string("-"); };
    fmt::print("{:<72} {:>20} {:>7} {:>7}  {}\n", r.name, fmt::format("{:.4g} {}", r.value, r.unit),
               (r.bounded_above && r.wanted.floor > 0 ? "<= " : "") + text(r.wanted.floor),
               text(r.wanted.target), r.verdict());
  }
}

}  // namespace genesis::bench
