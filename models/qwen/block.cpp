#include "models/qwen/block.h"

#include "autograd/checkpoint.h"
#include "autograd/grad_mode.h"
#include "autograd/ops/add_rms_norm.h"
#include "autograd/ops/rms_norm.h"
#include "autograd/ops/swiglu.h"
#include "autograd/recompute_later.h"
#include "models/names/parameter_layout.h"
#include "parallel/ops/sum_gradient.h"

namespace genesis::models {

QwenMlp::QwenMlp(const QwenConfig& config, DType dtype, const ModelSplit& split)
    : gate_up(config.n_embd, gate_up_blocks(config), {.bias = config.bias, .dtype = dtype, .tp = split.tp}),
      down(config.intermediate_size, config.n_embd, config.bias, dtype, split.tp) {
  register_module("gate_up", gate_up);
  register_module("down", down);
}

Tensor QwenMlp::operator()(const Tensor& x) const {
  const Tensor gated = gate_up(x), activated = autograd::swiglu(gated), y = down(activated);
  if (recomputes_passes(recompute)) autograd::recompute_later(activated);
  if (recompute == Recompute::feed_forward) autograd::recompute_later(gated);
  return y;
}

NormedResidual norm(const Residual& in, const Tensor& gain, double eps, const parallel::TensorParallel& tp) {
  const Tensor weight = parallel::sum_gradient(gain, tp.row_group());
  if (!in.delta.defined()) return {in.x, autograd::rms_norm(in.x, weight, eps)};
  auto [x, y] = autograd::add_rms_norm(in.x, in.delta, weight, eps);
  return {x, y};
}

QwenBlock::QwenBlock(const QwenConfig& config, int64_t layer, DType dtype, const ModelSplit& split)
    : input_norm(config.n_embd, config.norm_eps, dtype),
      attention(config, layer, dtype, split),
      post_norm(config.n_embd, config.norm_eps, dtype),
      mlp(config, dtype, split),
      layer_(layer),
      eps_(config.norm_eps),
      tp_(split.tp) {
  register_module("input_norm", input_norm);
  register_module("attention", attention);
  register_module("post_norm", post_norm);
  register_module("mlp", mlp);
}

Residual QwenBlock::operator()(const Residual& in, const ForwardPass& pass) const {
  const NormedResidual first = norm(in, input_norm.weight, eps_, tp_);
  if (layer_ > 0) pass.trace(first.x.value(), "hidden.{}", layer_ - 1);
  pass.trace(first.y.value(), "layer{}.attn_norm", layer_);
  if (!is_checkpointed() || !autograd::grad_enabled || pass.tracer.value) return body(first, pass);
  const auto out = checkpoint(
      [this, pass = std::make_shared<const ForwardPass>(pass)](const std::vector<Tensor>& in) {
        const Residual r = body({in[0], in[1]}, *pass);
        return std::vector<Tensor>{r.x, r.delta};
      },
      {first.x, first.y});
  autograd::recompute_later(first.y);
  return {out[0], out[1]};
}

Residual QwenBlock::body(const NormedResidual& first, const ForwardPass& pass) const {
  const Tensor attended = attention(first.y, pass);
  if (recomputes_passes(mlp.recompute)) autograd::recompute_later(first.y);
  pass.trace(attended.value(), "layer{}.attn_out", layer_);
  const NormedResidual second = norm({first.x, attended}, post_norm.weight, eps_, tp_);
  pass.trace(second.y.value(), "layer{}.mlp_norm", layer_);
  const Tensor fed = mlp(second.y);
  if (recomputes_passes(mlp.recompute)) autograd::recompute_later(second.y);
  pass.trace(fed.value(), "layer{}.mlp_out", layer_);
  return {second.x, fed};
}

}  // namespace genesis::models
