#include "trainer/golden/golden_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "autograd/tensor.h"

namespace genesis::trainer {
namespace {

constexpr double kLossTolerance = 4e-3, kNormTolerance = 2e-2;

/// "grad.transformer.h.0.ln_1.weight" belongs to "grad.*", "hidden.1" to "hidden.*", "loss" to itself.
std::string family_of(const std::string& quantity) {
  for (const char* prefix : {"grad.", "final.", "hidden.", "layer0.", "gen.", "long.", "packed."})
    if (quantity.starts_with(prefix)) return std::string(prefix) + "*";
  return quantity;
}

void add_line(std::string& table, const std::string& name, const GoldenRow& worst, size_t count) {
  fmt::format_to(std::back_inserter(table), "{:<44} {:>6} {:>11.2e} {:>11.2e}  {:<4} {}\n", name, count,
                 worst.error, worst.allowed, worst.inside() ? "ok" : "OUT", worst.where);
}

}  // namespace

void GoldenReport::tensor(const std::string& name, const Array& got) {
  const nlohmann::json* r = reference_.rounding(name);
  if (!r)
    throw CheckpointError("{}: golden.json has no rounding of '{}'", reference_.folder().string(), name);
  compare(name, Tensor(got).tolist(), Tensor(reference_.tensor(name)).tolist(),
          3 * r->at("bf16_rel_l2").get<double>());
}

void GoldenReport::numbers(const std::string& name, const std::vector<double>& got,
                           const std::vector<double>& wanted, Kind kind) {
  compare(name, got, wanted, kind == Kind::loss ? kLossTolerance : kNormTolerance);
}

void GoldenReport::compare(const std::string& name, const std::vector<double>& got,
                           const std::vector<double>& wanted, double bf16_allowed) {
  GENESIS_CHECK(got.size() == wanted.size(), name, ": ", got.size(), " values, the reference has ",
                wanted.size());
  GoldenRow row{.quantity = name, .error = 0, .allowed = bf16_allowed, .where = {}};
  double worst = -1, difference = 0, size = 0;
  for (size_t i = 0; i < got.size(); ++i) {
    const double error = std::fabs(got[i] - wanted[i]);
    difference += error * error;
    size += wanted[i] * wanted[i];
    if (error <= worst) continue;  // a NaN goes on
    worst = error;
    row.where = fmt::format("[{}] {:.7g}, wanted {:.7g}", i, got[i], wanted[i]);
  }
  if (precision_ == GoldenPrecision::fp32) {
    const nlohmann::json* r = reference_.rounding(name);
    const double spread = r ? r->at("fp32_max_abs").get<double>() : 0.0;
    const double largest = r ? r->at("ref_max_abs").get<double>() : 0.0;
    row.error = std::max(worst, 0.0) + (std::isnan(difference) ? NAN : 0.0);
    row.allowed = 8 * std::max(spread, 1.2e-7 * largest);
  } else {
    row.error = size > 0 ? std::sqrt(difference / size) : std::sqrt(difference);
  }
  rows_.push_back(std::move(row));
}

void GoldenReport::equal(const std::string& name, const std::vector<int64_t>& got,
                         const std::vector<int64_t>& wanted) {
  GoldenRow row{.quantity = name,
                .error = 0,
                .allowed = 0,
                .where = fmt::format("{} of {} equal", wanted.size(), wanted.size())};
  for (size_t i = 0; i < std::max(got.size(), wanted.size()); ++i) {
    if (i < got.size() && i < wanted.size() && got[i] == wanted[i]) continue;
    if (row.error == 0)
      row.where = fmt::format("[{}] {}, wanted {}", i, i < got.size() ? fmt::to_string(got[i]) : "nothing",
                              i < wanted.size() ? fmt::to_string(wanted[i]) : "nothing");
    row.error += 1;
  }
  rows_.push_back(std::move(row));
}

int64_t GoldenReport::outside() const {
  return std::count_if(rows_.begin(), rows_.end(), [](const GoldenRow& r) { return !r.inside(); });
}

std::string golden_table(const GoldenReport& report, bool all) {
  std::string table = fmt::format("{:<44} {:>6} {:>11} {:>11}  {:<4} {}\n", "quantity", "count", "max error",
                                  "allowed", "", "where the error is largest");
  std::vector<std::pair<std::string, std::vector<const GoldenRow*>>> families;
  std::map<std::string, size_t> place;
  for (const GoldenRow& row : report.rows()) {
    const std::string family = all || !row.inside() ? row.quantity : family_of(row.quantity);
    const auto [at, fresh] = place.try_emplace(family, families.size());
    if (fresh) families.emplace_back(family, std::vector<const GoldenRow*>{});
    families[at->second].second.push_back(&row);
  }
  // The row nearest to its limit stands for its family.
  auto nearness = [](const GoldenRow* r) { return r->allowed > 0 ? r->error / r->allowed : r->error; };
  for (auto& [name, rows] : families)
    add_line(table, name,
             **std::max_element(rows.begin(), rows.end(),
                                [&](auto* a, auto* b) { return nearness(a) < nearness(b); }),
             rows.size());
  return table;
}

}  // namespace genesis::trainer
