#include "models/qwen/initialise.h"

#include <cmath>

#include "autograd/nn/init.h"
#include "parallel/shard.h"

namespace genesis::models {

namespace {

/// This rank's part of a matrix of normals: the same numbers as in the whole one.
void normal_shard(const Tensor& parameter, double std, uint64_t seed, std::string_view name) {
  const parallel::Shard shard = parallel::shard_of(parameter);
  const int64_t columns = shard.global.back();
  for (const parallel::ShardPiece& p : shard.pieces)
    nn::init::normal_part(parameter.value()
                              .slice(0, p.local[0], p.local[0] + p.extent[0])
                              .slice(1, p.local[1], p.local[1] + p.extent[1]),
                          p.start[0] * columns + p.start[1], columns, std, seed, name);
}

}  // namespace

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
      normal_shard(tensor, writes_residual ? residual_std : std, seed, name);
    }
  }
}

}  // namespace genesis::models
