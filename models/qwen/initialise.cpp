#include "models/qwen/initialise.h"

#include <cmath>

#include "autograd/nn/init.h"

namespace genesis::models {

void initialise(const nn::Module& model, const QwenConfig& config, uint64_t seed) {
  const double std = config.initializer_range, residual_std = std / std::sqrt(2.0 * double(config.n_layer));
  for (const auto& [name, tensor] : model.named_parameters()) {
    if (name.ends_with("norm.weight")) {
      nn::init::constant_(tensor, 1.0);
    } else if (name.ends_with(".bias")) {
      nn::init::constant_(tensor, 0.0);
    } else {
      const bool writes_residual =
          name.ends_with("attention.out.weight") || name.ends_with("mlp.down.weight");
      nn::init::normal_(tensor, writes_residual ? residual_std : std, seed, name);
    }
  }
}

}  // namespace genesis::models
