// Generation over a cache: any number of tokens a text, or one token a text in memory that keeps its place.
#include <algorithm>

#include "autograd/autocast.h"
#include "autograd/grad_mode.h"
#include "kernels/cached_attention.h"
#include "kernels/core/run.h"
#include "kernels/core/transfer.h"
#include "kernels/index_select.h"
#include "models/qwen/model.h"

namespace genesis::models {
namespace {

void check_step(const CachedStep& step, const parallel::TensorParallel& tp) {
  GENESIS_CHECK(step.tokens.size() == step.slots.size() && step.tokens.size() == step.ntk_alphas.size(),
                "a step of ", step.tokens.size(), " texts names ", step.slots.size(), " slots and ",
                step.ntk_alphas.size(), " factors");
  GENESIS_CHECK(!tp.splits_rows(), "generation needs all rows on every rank; this model shares them over ",
                tp.size(), " (sequence parallel)");
}

}  // namespace

TokenInputs::TokenInputs(int64_t texts) : all(Array::zeros({5, texts}, DType::i32)) {
  const auto row = [&](int64_t i) { return all.slice(0, i, i + 1).view({texts}); };
  ids = row(0), positions = row(1), rows = row(2), k_begin = row(3), k_length = row(4);
}

Array QwenModel::next_logits(const CachedStep& step, KvCache& cache) {
  check_step(step, tp_);
  no_grad quiet;
  TokenBatch batch = TokenBatch::from_texts(step.tokens);
  const int64_t texts = batch.texts();
  const int32_t* bounds = batch.cu_seqlens.data<int32_t>();
  for (int64_t s = 0; s < texts; ++s) {
    GENESIS_CHECK(batch.length(s) > 0, "text ", s, " of a generation step has no token");
    const int64_t past = cache.length(step.slots[size_t(s)]);
    for (int32_t i = bounds[s]; i < bounds[s + 1]; ++i)
      batch.position_ids.data<int32_t>()[i] += int32_t(past);
  }
  ForwardPass pass = plain_pass(batch);
  pass.inference = inference_pass(batch, step.ntk_alphas);
  pass.inference->cache = &cache;
  pass.inference->slots = step.slots;
  for (int64_t s = 0; s < texts; ++s) {
    const int64_t slot = step.slots[size_t(s)];
    pass.inference->k_begin.data<int32_t>()[s] = int32_t(slot * cache.capacity());
    pass.inference->k_length.data<int32_t>()[s] += int32_t(cache.length(slot));
  }
  const Array hidden = run(pass).value();
  for (int64_t s = 0; s < texts; ++s) cache.advance(step.slots[size_t(s)], batch.length(s));

  const Array rows = Array::empty({texts}, DType::i32);
  for (int64_t s = 0; s < texts; ++s) rows.data<int32_t>()[s] = bounds[s + 1] - 1;
  const Array last = Array::empty({texts, config_.n_embd}, hidden.dtype(), hidden.device());
  kernels::run(kernels::IndexSelect{.x = hidden, .index = rows, .dim = 0, .y = last});
  return on_device(autograd::cast_input(head(Tensor(last)).value(), DType::f32, false), Device::cpu);
}

bool QwenModel::takes_token_steps() const {
  return device() == Device::cuda && !tp_.is_split() && !tracer_.value &&
         config_.head_dim <= kernels::CachedAttention::kLargestHeadDim;
}

void QwenModel::write_token_inputs(const CachedStep& step, const KvCache& cache, TokenInputs& inputs) {
  check_step(step, tp_);
  GENESIS_CHECK(int64_t(step.tokens.size()) == inputs.all.dim(1), "a step of ", step.tokens.size(),
                " texts, inputs of ", inputs.all.dim(1));
  tables_.ensure(step.ntk_alphas, cache.capacity());
  inputs.cos = tables_.cos();
  inputs.sin = tables_.sin();
  for (size_t s = 0; s < step.tokens.size(); ++s) {
    GENESIS_CHECK(step.tokens[s].size() == 1, "text ", s, " brings ", step.tokens[s].size(),
                  " tokens, expected one");
    const int32_t id = step.tokens[s][0];
    const int64_t past = cache.length(step.slots[s]);
    GENESIS_CHECK(id >= 0 && id < config_.vocab_size, "text ", s, " brings token ", id,
                  ", outside the vocabulary of ", config_.vocab_size);
    GENESIS_CHECK(past < cache.capacity(), "text ", step.slots[s], " has ", past, " tokens in a cache of ",
                  cache.capacity(), "; there is no room for 1 more");
    inputs.ids.data<int32_t>()[s] = id;
    inputs.positions.data<int32_t>()[s] = int32_t(past);
    inputs.rows.data<int32_t>()[s] = int32_t(tables_.row(step.ntk_alphas[s], past));
    inputs.k_begin.data<int32_t>()[s] = int32_t(step.slots[s] * cache.capacity());
    inputs.k_length.data<int32_t>()[s] = int32_t(past + 1);
  }
}

Array QwenModel::token_logits(const TokenInputs& inputs, KvCache& cache) {
  no_grad quiet;
  const int64_t texts = inputs.all.dim(1);
  const Array bounds = Array::empty({texts + 1}, DType::i32);
  for (int64_t s = 0; s <= texts; ++s) bounds.data<int32_t>()[s] = int32_t(s);
  ForwardPass pass{.batch = {inputs.ids, inputs.positions, bounds, {}},
                   .table = table_,
                   .inference = InferencePass{},
                   .tracer = tracer_};
  pass.inference->rows = inputs.rows;
  pass.inference->cos = inputs.cos;
  pass.inference->sin = inputs.sin;
  pass.inference->logn = config_.use_logn_attn;
  pass.inference->logn_length = double(config_.seq_length);
  pass.inference->k_begin = inputs.k_begin;
  pass.inference->k_length = inputs.k_length;
  pass.inference->cache = &cache;
  pass.inference->one_token = true;
  return autograd::cast_input(head(run(pass)).value(), DType::f32, false);
}

}  // namespace genesis::models
