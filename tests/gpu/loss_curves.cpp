// Whether two runs of the same steps have the same losses, within what two machines may differ by.
//   gpu_loss_curves A/metrics.jsonl B/metrics.jsonl TOLERANCE
// Prints the largest |b - a| / a and its step. Ends with 0 when it is at most TOLERANCE at every step, with 1
// when it is not, when a loss is not finite or when the runs have other steps, with 2 when a file cannot be
// read.
#include <fmt/core.h>

#include <cmath>
#include <cstdlib>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>

namespace {

/// Loss by step.
std::map<int, double> read(const char* path) {
  std::ifstream in(path);
  std::map<int, double> losses;
  for (std::string line; std::getline(in, line);) {
    const auto json = nlohmann::json::parse(line, nullptr, false);
    if (json.is_object() && json.contains("step") && json.contains("loss"))
      losses[json.at("step")] = json.at("loss").is_number() ? json.at("loss").get<double>() : NAN;
  }
  return losses;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    fmt::print(stderr, "usage: {} A/metrics.jsonl B/metrics.jsonl TOLERANCE\n", argv[0]);
    return 2;
  }
  const auto a = read(argv[1]), b = read(argv[2]);
  const double tolerance = std::atof(argv[3]);
  if (a.empty() || b.empty()) {
    fmt::print("no loss in {}\n", a.empty() ? argv[1] : argv[2]);
    return 2;
  }
  double worst = 0;
  int at = 0;
  bool same = a.size() == b.size();
  for (const auto& [step, loss] : a) {
    const auto other = b.find(step);
    same = same && other != b.end();
    if (other == b.end()) continue;
    const double apart = std::abs(other->second - loss) / loss;
    if (!(apart <= worst)) {  // a NaN as well
      worst = apart;
      at = step;
    }
    if (!(apart <= tolerance)) same = false;
  }
  fmt::print("{} steps and {}: losses {}, furthest apart by {:.2e} of {:.4f} at step {} (at most {:g})\n",
             a.size(), b.size(), same ? "agree" : "DIFFER", worst, a.begin()->second, at, tolerance);
  return same ? 0 : 1;
}
