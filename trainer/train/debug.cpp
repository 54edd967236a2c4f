#include "trainer/train/debug.h"

#include <map>

#include "kernels/core/cuda/runtime.h"
#include "kernels/core/log.h"

namespace genesis::trainer {
namespace {

double megabytes(int64_t bytes) { return double(bytes) / double(1 << 20); }

/// "layers.3" of "layers.3.mlp.down.weight", "embed" of "embed.weight".
std::string part_of(const std::string& parameter) {
  const bool layer = parameter.starts_with("layers.");
  const size_t first = parameter.find('.');
  return parameter.substr(0, layer ? parameter.find('.', first + 1) : first);
}

struct Part {
  int64_t parameters = 0, gradients = 0, state = 0;
};

}  // namespace

void begin_debug(Device device) {
  cuda::set_launch_blocking(true);
  notice("debug: anomaly detection, table of times{}; slow, and the numbers are those of a normal run",
         device == Device::cuda ? ", every kernel is waited for" : "");
}

std::string memory_report(const models::QwenModel& model, const optim::AdamW& optimizer) {
  std::vector<std::string> order;
  std::map<std::string, Part> parts;
  const auto named = model.named_parameters();
  const auto at = [&](const std::string& name) -> Part& {
    const std::string part = part_of(name);
    if (!parts.contains(part)) order.push_back(part);
    return parts[part];
  };
  for (const auto& [name, p] : named) {
    Part& part = at(name);
    part.parameters += p.value().nbytes();
    if (const Array grad = p.grad(); grad.defined()) part.gradients += grad.nbytes();
  }
  for (const auto& piece : optimizer.pieces())
    at(named.at(piece.parameter).first).state += piece.m.nbytes() + piece.v.nbytes() +
                                                 piece.remainder.nbytes() +
                                                 (piece.master ? piece.weight.nbytes() : 0);
  std::string text =
      fmt::format("{:<14}{:>14}{:>14}{:>14}  MB\n", "memory", "parameters", "gradients", "optimizer");
  for (const std::string& name : order) {
    const Part& p = parts[name];
    text += fmt::format("{:<14}{:>14.2f}{:>14.2f}{:>14.2f}\n", name, megabytes(p.parameters),
                        megabytes(p.gradients), megabytes(p.state));
  }
  const MemoryStats stats = memory_stats(model.device());
  text += fmt::format("{:<14}{:>14}{:>14}\n", "category", "now", "peak");
  for (int c = 0; c < kMemoryCategories; ++c)
    text += fmt::format("{:<14}{:>14.2f}{:>14.2f}\n", name_of(MemoryCategory(c)),
                        megabytes(stats.current[size_t(c)]), megabytes(stats.peak[size_t(c)]));
  return text;
}

}  // namespace genesis::trainer
