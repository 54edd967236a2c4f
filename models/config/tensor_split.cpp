#include "models/config/tensor_split.h"

#include "kernels/core/error.h"

namespace genesis::models {
namespace {

/// Why not; empty when it fits.
std::string obstacle(const QwenConfig& c, int size) {
  if (c.n_head % size != 0) return fmt::format("{} attention heads", c.n_head);
  if (c.intermediate_size % size != 0) return fmt::format("a feed-forward width of {}", c.intermediate_size);
  if (c.n_kv_head % size != 0 && size % c.n_kv_head != 0) return fmt::format("{} KV heads", c.n_kv_head);
  return "";
}

}  // namespace

void check_tensor_split(const QwenConfig& config, int size) {
  const QwenConfig c = config.resolved();
  const std::string reason = obstacle(c, size);
  if (reason.empty()) return;
  std::string possible;
  for (int n = 1; n <= 64; ++n)
    if (obstacle(c, n).empty()) possible += fmt::format("{}{}", possible.empty() ? "" : ", ", n);
  throw ConfigError(
      "tensor_parallel_size is {}: {} cannot be shared out over {} ranks (heads {}, KV heads {}, "
      "feed-forward "
      "{}); possible are {}",
      size, reason, size, c.n_head, c.n_kv_head, c.intermediate_size, possible);
}

}  // namespace genesis::models
