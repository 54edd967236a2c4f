#pragma once
// What bench/gpu says: a JSON line a figure or check as it comes, and a table of all at the end.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace genesis::bench {

using Json = nlohmann::ordered_json;

/// Seconds of a clock that only goes forward.
inline double now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

/// Collects figures and checks; a part is left out when the minutes are over or another one was asked for.
class Report {
 public:
  Report(double minutes, std::string only) : end_(now() + 60 * minutes), only_(std::move(only)) {}
  bool wants(const std::string& part) {
    if (!only_.empty() && part != only_) return false;
    if (now() < end_) return true;
    fmt::print("{{\"part\": \"{}\", \"left_out\": \"no time left\"}}\n", part);
    return false;
  }
  void add(const std::string& name, double value, const std::string& unit, double floor = 0,
           double target = 0) {
    Json line{{"figure", name}, {"value", value}, {"unit", unit}};
    if (floor > 0) line["floor"] = floor;
    if (target > 0) line["target"] = target;
    fmt::print("{}\n", line.dump());
    std::fflush(stdout);
    rows_.push_back({name, value, unit, floor, target});
  }
  void check(const std::string& name, bool passed, const std::string& detail) {
    fmt::print("{}\n", Json{{"check", name}, {"passed", passed}, {"detail", detail}}.dump());
    checks_.push_back({name, passed, detail});
  }
  bool all_passed() const {
    return std::all_of(checks_.begin(), checks_.end(), [](const Check& c) { return c.passed; });
  }
  void print_table() const {
    fmt::print("\n");
    for (const Check& c : checks_) fmt::print("{:<6} {}: {}\n", c.passed ? "ok" : "WRONG", c.name, c.detail);
    fmt::print("\n{:<52} {:>12} {:>8} {:>8}\n", "figure", "measured", "floor", "target");
    for (const Row& r : rows_) {
      const auto wanted = [](double x) { return x > 0 ? fmt::format("{:.6g}", x) : std::string("-"); };
      fmt::print(
          "{:<52} {:>12} {:>8} {:>8}  {}\n", r.name, fmt::format("{:.4g} {}", r.value, r.unit),
          wanted(r.floor), wanted(r.target),
          r.floor > 0 ? (r.value >= r.floor ? (r.value >= r.target ? "target" : "floor") : "BELOW") : "");
    }
  }

 private:
  struct Row {
    std::string name;
    double value;
    std::string unit;
    double floor, target;
  };
  struct Check {
    std::string name;
    bool passed;
    std::string detail;
  };
  double end_;
  std::string only_;
  std::vector<Check> checks_;
  std::vector<Row> rows_;
};

}  // namespace genesis::bench
