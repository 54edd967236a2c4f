#pragma once
#include <string>
#include <vector>

#include "trainer/config/read_arguments.h"
#include "trainer/plan/plan_report.h"

namespace genesis::trainer {

/// The words of `genesis plan` that are not the config's.
struct PlanRequest {
  int ranks = 1;
  int nodes = 0;  ///< 0: as many as the ranks fill
  double nic_gbit = 400;
  std::string gpu = "h100";
  std::vector<int> sweep;
  bool json = false;
};

/// Takes --ranks, --nodes, --nic, --gpu, --sweep and --json out of the words of a config.
/// Errors: ConfigError naming the option for a value that is no positive number.
PlanRequest take_plan_request(ConfigArguments& arguments);

/// The whole answer. Reads the config and the model's config.json or YAML, nothing else.
/// Errors: ConfigError as the config's; for ranks, batch keys and tensor_parallel_size that do not fit.
PlanReport make_plan(const ConfigArguments& arguments, const PlanRequest& request);

}  // namespace genesis::trainer
