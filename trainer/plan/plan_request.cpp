#include "trainer/plan/plan_request.h"

#include <charconv>

#include "kernels/core/error.h"
#include "trainer/config/load.h"
#include "trainer/config/model_file.h"

namespace genesis::trainer {
namespace {

constexpr int kMostRanks = 1 << 20;

std::string word_of(const Entry& e) {
  if (e.value.kind != Value::Kind::list) return e.value.text;
  std::string all;
  for (const std::string& item : e.value.items) all += (all.empty() ? "" : ",") + item;
  return all;
}

int positive(const std::string& key, const std::string& text) {
  int n = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), n);
  if (error != std::errc() || end != text.data() + text.size() || n < 1 || n > kMostRanks)
    throw ConfigError("--{} {}: expected a whole number from 1 to {}", key, text, kMostRanks);
  return n;
}

/// Whether the option was one of plan's own.
bool take(PlanRequest& request, const Entry& e) {
  const std::string text = word_of(e);
  if (e.key == "ranks") {
    request.ranks = positive(e.key, text);
  } else if (e.key == "nodes") {
    request.nodes = positive(e.key, text);
  } else if (e.key == "nic") {
    request.nic_gbit = positive(e.key, text);
  } else if (e.key == "gpu") {
    request.gpu = text;
  } else if (e.key == "json") {
    request.json = text != "false";
  } else if (e.key == "sweep") {
    for (size_t from = 0; from <= text.size();) {
      const size_t comma = std::min(text.find(',', from), text.size());
      request.sweep.push_back(positive(e.key, text.substr(from, comma - from)));
      from = comma + 1;
    }
  } else {
    return false;
  }
  return true;
}

models::QwenConfig model_of(const TrainConfig& config) {
  std::vector<std::string> notices;
  if (config.model_name_or_path.empty() || names_model_file(config.model_name_or_path))
    return model_from_scratch(config, notices).resolved();
  return models::QwenConfig::from_json(config.model_name_or_path).resolved();
}

Machine machine_for(const PlanRequest& request, int ranks) {
  const int nodes = request.nodes > 0 && ranks == request.ranks ? request.nodes
                    : request.gpu == "cpu"                      ? 1
                                                                : (ranks + 7) / 8;
  return machine_of(request.gpu, request.nic_gbit, ranks, nodes);
}

}  // namespace

PlanRequest take_plan_request(ConfigArguments& arguments) {
  PlanRequest request;
  std::vector<Entry> rest;
  for (const Entry& e : arguments.overrides)
    if (!take(request, e)) rest.push_back(e);
  arguments.overrides = std::move(rest);
  return request;
}

PlanReport make_plan(const ConfigArguments& arguments, const PlanRequest& request) {
  const TrainConfig config = load_config(arguments, request.ranks).config;
  PlanInput input = plan_input(config, model_of(config), request.ranks);
  input.device = request.gpu == "cpu" ? Device::cpu : Device::cuda;
  PlanReport report;
  report.machine = machine_for(request, request.ranks);
  input.ranks_per_node = report.machine.ranks_per_node;
  if (input.checkpointing == GradientCheckpointing::fit) input = with_least_recompute(input, report.machine);
  report.asked = evaluate_layout(input, report.machine);
  report.best = best_layout(input, report.machine);
  if (!report.asked.fits(report.machine)) report.change = smallest_change(input, report.machine);
  for (const int ranks : request.sweep) {
    PlanInput other = input;  // the same rows a rank: the global batch grows with the ranks
    other.ranks = ranks;
    const Machine machine = machine_for(request, ranks);
    other.ranks_per_node = machine.ranks_per_node;
    if (ranks % other.tensor_parallel != 0)
      throw ConfigError("--sweep {}: no multiple of tensor_parallel_size {}", ranks, other.tensor_parallel);
    report.sweep.push_back(evaluate_layout(other, machine));
  }
  return report;
}

}  // namespace genesis::trainer
