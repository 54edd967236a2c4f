#include "models/qwen/block.h"

#include "autograd/ops/add_rms_norm.h"
#include "autograd/ops/rms_norm.h"
#include "autograd/ops/swiglu.h"

namespace genesis::models {

QwenMlp::QwenMlp(const QwenConfig& config, DType dtype)
    : gate_up(config.n_embd, 2 * config.intermediate_size, config.bias, dtype),
      down(config.intermediate_size, config.n_embd, config.bias, dtype) {
  register_module("gate_up", gate_up);
  register_module("down", down);
}

Tensor QwenMlp::operator()(const Tensor& x) const { return down(autograd::swiglu(gate_up(x))); }

NormedResidual norm(const Residual& in, const Tensor& weight, double eps) {
  if (!in.delta.defined()) return {in.x, autograd::rms_norm(in.x, weight, eps)};
  auto [x, y] = autograd::add_rms_norm(in.x, in.delta, weight, eps);
  return {x, y};
}

QwenBlock::QwenBlock(const QwenConfig& config, int64_t layer, DType dtype)
    : input_norm(config.n_embd, config.norm_eps, dtype),
      attention(config, layer, dtype),
      post_norm(config.n_embd, config.norm_eps, dtype),
      mlp(config, dtype),
      layer_(layer),
      eps_(config.norm_eps) {
  register_module("input_norm", input_norm);
  register_module("attention", attention);
  register_module("post_norm", post_norm);
  register_module("mlp", mlp);
}

Residual QwenBlock::operator()(const Residual& in, const ForwardPass& pass) const {
  const NormedResidual first = norm(in, input_norm.weight, eps_);
  if (layer_ > 0) pass.trace(first.x.value(), "hidden.{}", layer_ - 1);
  pass.trace(first.y.value(), "layer{}.attn_norm", layer_);
  const Tensor attended = attention(first.y, pass);
  pass.trace(attended.value(), "layer{}.attn_out", layer_);
  const NormedResidual second = norm({first.x, attended}, post_norm.weight, eps_);
  pass.trace(second.y.value(), "layer{}.mlp_norm", layer_);
  const Tensor fed = mlp(second.y);
  pass.trace(fed.value(), "layer{}.mlp_out", layer_);
  return {second.x, fed};
}

}  // namespace genesis::models
