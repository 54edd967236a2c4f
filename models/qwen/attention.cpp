#include "models/qwen/attention.h"

#include <algorithm>

#include "autograd/grad_mode.h"
#include "autograd/ops/qk_norm.h"
#include "autograd/ops/rope.h"
#include "autograd/ops/self_attention.h"
#include "kernels/attention.h"
#include "kernels/attention_probs.h"
#include "kernels/cached_attention.h"
#include "kernels/logn_scale.h"
#include "models/names/parameter_layout.h"
#include "parallel/ops/sum_gradient.h"

namespace genesis::models {

QwenAttention::QwenAttention(const QwenConfig& config, int64_t layer, DType dtype, const ModelSplit& split)
    : qkv(config.n_embd, qkv_blocks(config),
          {.bias = *config.qkv_bias, .dtype = dtype, .tp = split.tp, .replicas = split.kv_replicas}),
      out(config.n_head * config.head_dim, config.n_embd, config.bias, dtype, split.tp),
      config_(config),
      layer_(layer),
      heads_(config.n_head / split.tp.size()),
      kv_heads_(std::max<int64_t>(1, config.n_kv_head / split.tp.size())),
      tp_(split.tp) {
  register_module("qkv", qkv);
  if (*config.qk_norm) {
    q_norm_weight = register_parameter("q_norm.weight", nn::parameter({config.head_dim}, dtype));
    k_norm_weight = register_parameter("k_norm.weight", nn::parameter({config.head_dim}, dtype));
  }
  register_module("out", out);
}

Tensor QwenAttention::operator()(const Tensor& x, const ForwardPass& pass) const {
  const int64_t a = heads_, k = kv_heads_;
  Tensor rows = qkv(x);
  if (*config_.qk_norm)  // each rank norms its own heads
    rows = autograd::qk_norm(rows, parallel::sum_gradient(q_norm_weight, tp_.group),
                             parallel::sum_gradient(k_norm_weight, tp_.group), a, k, config_.norm_eps);
  Tensor context;
  if (pass.inference) {
    GENESIS_CHECK(!autograd::grad_enabled || !rows.requires_grad(),
                  "dynamic NTK, logn and the key cache act at inference only: use genesis::no_grad");
    context = Tensor(infer(rows.value(), pass, *pass.inference));
  } else {
    rows = autograd::rope_(rows, pass.batch.position_ids, pass.table, a + k);
    context = autograd::self_attention(rows, pass.batch.cu_seqlens, a, k);
  }
  if (pass.tracer.value) {
    trace(rows.value(), pass);
    pass.trace(context.value(), "layer{}.attn_context", layer_);
  }
  return out(context);
}

Array QwenAttention::part(const Array& rows, int64_t first, int64_t heads) const {
  const int64_t d = config_.head_dim;
  return rows.as_strided({rows.dim(0), heads, d}, {rows.dim(1), d, 1}, first * d);
}

Array QwenAttention::infer(const Array& rows, const ForwardPass& pass, const InferencePass& inference) const {
  const int64_t a = heads_, kv = kv_heads_, n = rows.dim(0);
  const Array qk = part(rows, 0, a + kv), q = part(rows, 0, a);
  Array k = part(rows, a, kv), v = part(rows, a + kv, kv);
  kernels::run(kernels::Rope{.x = qk,
                             .positions = inference.rows,
                             .cos = inference.cos,
                             .sin = inference.sin,
                             .y = qk,
                             .pairing = pass.table.pairing});
  if (inference.logn) {
    kernels::run(kernels::LognScale{
        .x = q, .positions = pass.batch.position_ids, .length = inference.logn_length, .y = q});
  }
  const Array context = Array::empty({n, a, config_.head_dim}, rows.dtype(), rows.device());
  if (inference.one_token) {
    kernels::run(kernels::CachedAttention{.q = q,
                                          .k = k,
                                          .v = v,
                                          .keys = inference.cache->keys(layer_),
                                          .values = inference.cache->values(layer_),
                                          .k_begin = inference.k_begin,
                                          .k_length = inference.k_length,
                                          .out = context,
                                          .longest = inference.cache->capacity()});
    return context.view({n, -1});
  }
  if (inference.cache) {
    const int32_t* bounds = pass.batch.cu_seqlens.data<int32_t>();
    for (size_t s = 0; s < inference.slots.size(); ++s) {
      inference.cache->write(layer_, inference.slots[s], k.slice(0, bounds[s], bounds[s + 1]),
                             v.slice(0, bounds[s], bounds[s + 1]));
    }
    k = inference.cache->keys(layer_);
    v = inference.cache->values(layer_);
  }
  kernels::run(kernels::AttentionForward{.q = q,
                                         .k = k,
                                         .v = v,
                                         .cu_q = pass.batch.cu_seqlens,
                                         .k_begin = inference.k_begin,
                                         .k_length = inference.k_length,
                                         .out = context});
  return context.view({n, -1});
}

void QwenAttention::trace(const Array& rows, const ForwardPass& pass) const {
  const int64_t a = heads_, kv = kv_heads_;
  const Array q = part(rows, 0, a), k = part(rows, a, kv);
  pass.trace(q, "layer{}.q", layer_);
  pass.trace(k, "layer{}.k", layer_);
  pass.trace(part(rows, a + kv, kv), "layer{}.v", layer_);
  if (!pass.tracer.attention_probabilities || (pass.inference && pass.inference->cache)) return;
  const int32_t* bounds = pass.batch.cu_seqlens.data<int32_t>();
  for (int64_t s = 0; s < pass.batch.texts(); ++s) {
    const int64_t length = pass.batch.length(s);
    const Array probs = Array::empty({a, length, length},
                                     rows.dtype() == DType::f64 ? DType::f64 : DType::f32, rows.device());
    kernels::run(kernels::AttentionProbs{.q = q.slice(0, bounds[s], bounds[s + 1]),
                                         .k = k.slice(0, bounds[s], bounds[s + 1]),
                                         .probs = probs});
    pass.trace(probs, "layer{}.attn_probs", layer_);
  }
}

}  // namespace genesis::models
