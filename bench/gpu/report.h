#pragma once
// What bench/gpu says: a JSON line a figure or check as it comes, and a table of all at the end.
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace genesis::bench {

using Json = nlohmann::ordered_json;

/// Seconds of a clock that only goes forward.
double now();

/// What a figure should come to; 0: nothing is asked.
struct Wanted {
  double floor = 0, target = 0;
};

/// Collects figures and checks; a part is left out when the minutes are over or another one was asked for.
class Report {
 public:
  /// `judges`: figures are compared with what is wanted of them (not at tiny sizes).
  Report(double minutes, std::string only, bool judges);
  /// Whether the part begins; what follows is its.
  bool begins(const std::string& part);
  void add(const std::string& name, double value, const std::string& unit, const Wanted& wanted = {});
  /// A figure that should be no larger than `most`.
  void add_at_most(const std::string& name, double value, const std::string& unit, double most);
  void check(const std::string& name, bool passed, const std::string& detail);
  /// The running part ended with an error.
  void fail(const std::string& what);
  bool all_passed() const;
  void print_table() const;

 private:
  struct Row {
    std::string name;
    double value;
    std::string unit;
    Wanted wanted;
    bool bounded_above;
    std::string verdict() const;
  };
  struct Check {
    std::string name;
    bool passed;
    std::string detail;
  };
  void add_row(Row row);

  double end_;
  std::string only_, part_;
  bool judges_;
  std::vector<Check> checks_;
  std::vector<Row> rows_;
};

}  // namespace genesis::bench
