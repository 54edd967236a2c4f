#pragma once
#include <optional>
#include <string>
#include <vector>

#include "trainer/plan/layout_search.h"

namespace genesis::trainer {

/// What `genesis plan` says about a layout.
struct PlanReport {
  Machine machine;
  Layout asked;
  std::optional<Layout> best;    ///< the fastest that fits
  std::optional<Layout> change;  ///< when `asked` does not fit
  std::vector<Layout> sweep;     ///< the same rows a rank on other numbers of ranks
};

std::string plan_text(const PlanReport& report);
std::string plan_json(const PlanReport& report);

}  // namespace genesis::trainer
