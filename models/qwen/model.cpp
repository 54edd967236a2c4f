#include "models/qwen/model.h"

#include <algorithm>

#include "autograd/grad_mode.h"
#include "kernels/linear_cross_entropy.h"
#include "models/config/tensor_split.h"
#include "models/qwen/embedding_dropout.h"
#include "models/qwen/initialise.h"
#include "parallel/row_chunks.h"
#include "parallel/shard.h"

namespace genesis::models {
namespace {

DType table_dtype(DType dtype) { return dtype == DType::f64 ? DType::f64 : DType::f32; }

int64_t longest_position(const Array& positions) {
  const int32_t* p = positions.data<int32_t>();
  return positions.numel() == 0 ? -1 : *std::max_element(p, p + positions.numel());
}

/// Targets of `tokens` tokens: none for those that were added.
Array extended(const Array& targets, int64_t tokens) {
  if (targets.numel() == tokens) return targets;
  Array longer = Array::full({tokens}, kernels::kIgnoredTarget, DType::i32);
  std::copy_n(targets.data<int32_t>(), targets.numel(), longer.data<int32_t>());
  return longer;
}

/// The ranks that hold the same KV head as this one.
std::unique_ptr<parallel::Communicator> kv_replica_group(const QwenConfig& config,
                                                         const parallel::TensorParallel& tp) {
  check_tensor_split(config, tp.size());
  if (!tp.is_split() || config.n_kv_head >= tp.size()) return nullptr;
  return tp.group->split(tp.rank() / (tp.size() / config.n_kv_head), tp.rank(), "kv");
}

}  // namespace

QwenModel::QwenModel(const QwenConfig& config, DType dtype, const parallel::TensorParallel& tp, Uninitialised,
                     const BlockFactory& make_block)
    : config_(config.resolved()),
      tp_(tp),
      kv_replicas_(kv_replica_group(config_, tp)),
      embed_(config_.vocab_size, config_.n_embd, dtype, tp),
      final_norm_(config_.n_embd, config_.norm_eps, dtype),
      table_(config_.head_dim, config_.rope_base, table_dtype(dtype)),
      tables_(config_.head_dim, config_.rope_base, table_dtype(dtype)) {
  own_blocks_ = !make_block;
  if (config_.rope_interleaved) table_.pairing = kernels::RopePairing::neighbours;
  register_module("embed", embed_);
  for (int64_t n = 0; n < config_.n_layer; ++n) {
    const ModelSplit split{tp_, kv_replicas_.get()};
    blocks_.push_back(make_block ? make_block(config_, n, dtype, split)
                                 : std::make_unique<QwenBlock>(config_, n, dtype, split));
    register_module(fmt::format("layers.{}", n), *blocks_.back());
  }
  register_module("final_norm", final_norm_);
  if (!config_.tie_word_embeddings) {
    head_ = std::make_unique<parallel::VocabularyTable>(config_.vocab_size, config_.n_embd, dtype, tp_);
    register_module("head", *head_);
  }
  if (!tp_.is_split()) return;
  for (const auto& [name, p] : named_parameters())  // norms, which every rank holds whole: rank 0 owns them
    if (parallel::shard_of(p).is_whole())
      parallel::set_shard(p, parallel::Shard::whole(p.shape(), tp_.rank()));
}

QwenModel::QwenModel(const QwenConfig& config, DType dtype, uint64_t seed, const parallel::TensorParallel& tp,
                     const BlockFactory& make_block)
    : QwenModel(config, dtype, tp, Uninitialised{}, make_block) {
  initialise(*this, config_, seed);
}

std::unique_ptr<QwenModel> QwenModel::from_folder(const std::filesystem::path& folder, DType dtype,
                                                  const parallel::TensorParallel& tp) {
  std::unique_ptr<QwenModel> model(new QwenModel(QwenConfig::from_json(folder), dtype, tp, Uninitialised{}));
  model->load(folder);
  if (std::filesystem::exists(folder / "generation_config.json"))
    model->generation = GenerationConfig::from_json(folder);
  return model;
}

void QwenModel::save(const std::filesystem::path& folder) const {
  save(folder, {.naming = naming_of(config_), .dtype = dtype()});
}

QwenConfig QwenModel::cache_config() const {
  QwenConfig own = config_;
  own.n_kv_head = std::max<int64_t>(1, config_.n_kv_head / tp_.size());
  return own;
}

double QwenModel::ntk_alpha(int64_t prompt_length) const {
  return config_.use_dynamic_ntk ? dynamic_ntk_alpha(prompt_length, config_.seq_length) : 1.0;
}

void QwenModel::recompute(Recompute what, int64_t layers, Recompute rest) {
  if (recordings_) record_blocks(true);  // what was recorded computes otherwise
  for (size_t n = 0; n < blocks_.size(); ++n) blocks_[n]->set_recompute(int64_t(n) < layers ? what : rest);
}

void QwenModel::record_blocks(bool on) {
  GENESIS_CHECK(
      !on || (device() == Device::cuda && !tp_.is_split() && own_blocks_),
      "blocks are recorded of a model that is whole on one card and has no blocks of another class");
  recordings_ = on ? std::make_unique<BlockRecordings>(blocks_) : nullptr;
}

bool QwenModel::is_gradient_checkpointing() const {
  return std::any_of(blocks_.begin(), blocks_.end(), [](const auto& b) { return b->is_checkpointed(); });
}

Tensor QwenModel::head(const Tensor& hidden) const { return head_table().logits(hidden); }

std::vector<parallel::Range> QwenModel::own_tokens(int64_t tokens) const {
  const parallel::RowChunks chunks(tokens, tp_);
  std::vector<parallel::Range> own;
  for (int64_t i = 0; i < chunks.size(); ++i) own.push_back(chunks.place(i));
  return own;
}

TokenBatch QwenModel::divisible(const TokenBatch& batch) const {
  return tp_.splits_rows() ? batch.padded_to_multiple(tp_.size()) : batch;
}

Tensor QwenModel::logits(const TokenBatch& batch) {
  const Tensor all = head(hidden_states(divisible(batch)));
  return all.size(0) == batch.tokens() ? all : all.slice(0, 0, batch.tokens());
}

Tensor QwenModel::operator()(const Tensor& input_ids) {
  const TokenBatch batch = TokenBatch::from_rows(input_ids, config_.vocab_size);
  return logits(batch).view({input_ids.size(0), input_ids.size(1), config_.vocab_size});
}

Tensor QwenModel::loss_sum(const TokenBatch& batch, const Array& targets) {
  const WeightedTargets all[] = {{1.0, targets}};
  return loss_sum(batch, all);
}

Tensor QwenModel::loss_sum(const TokenBatch& batch, std::span<const WeightedTargets> parts) {
  const TokenBatch rows = divisible(batch);
  std::vector<WeightedTargets> all;
  for (const WeightedTargets& part : parts)
    all.push_back({part.weight, extended(part.targets, rows.tokens())});
  return head_table().loss_sum(hidden_states(rows), all);
}

Array QwenModel::token_losses(const TokenBatch& batch, const Array& targets) {
  no_grad quiet;
  const TokenBatch rows = divisible(batch);
  return head_table()
      .token_losses(hidden_states(rows), extended(targets, rows.tokens()))
      .slice(0, 0, batch.tokens());
}

ForwardPass QwenModel::plain_pass(const TokenBatch& batch) {
  table_.ensure(longest_position(batch.position_ids) + 1);
  return {.batch = batch, .table = table_, .inference = {}, .tracer = tracer_};
}

bool QwenModel::is_beyond_training_length(const TokenBatch& batch) const {
  if (is_training() || !(config_.use_dynamic_ntk || config_.use_logn_attn)) return false;
  return longest_position(batch.position_ids) >= config_.seq_length;
}

InferencePass QwenModel::inference_pass(const TokenBatch& batch, const std::vector<double>& alphas) {
  const int64_t n = batch.tokens(), texts = batch.texts();
  tables_.ensure(alphas, longest_position(batch.position_ids) + 1);
  InferencePass pass;
  pass.rows = Array::empty({n}, DType::i32);
  pass.cos = tables_.cos();
  pass.sin = tables_.sin();
  pass.logn = config_.use_logn_attn;
  pass.logn_length = double(config_.seq_length);
  pass.k_begin = Array::empty({texts}, DType::i32);
  pass.k_length = Array::empty({texts}, DType::i32);
  const int32_t* bounds = batch.cu_seqlens.data<int32_t>();
  const int32_t* positions = batch.position_ids.data<int32_t>();
  for (int64_t s = 0; s < texts; ++s) {
    for (int32_t i = bounds[s]; i < bounds[s + 1]; ++i) {
      pass.rows.data<int32_t>()[i] = int32_t(tables_.row(alphas[size_t(s)], positions[i]));
    }
    pass.k_begin.data<int32_t>()[s] = bounds[s];
    pass.k_length.data<int32_t>()[s] = bounds[s + 1] - bounds[s];
  }
  return pass;
}

Tensor QwenModel::hidden_states(const TokenBatch& batch) {
  if (is_training() && autograd::grad_enabled && config_.attention_dropout > 0) {
    throw ConfigError(
        "model key 'attn_dropout_prob' is {}: attention is computed without dropout, so training needs 0",
        config_.attention_dropout);
  }
  ForwardPass pass = plain_pass(batch);
  if (is_beyond_training_length(batch)) {
    std::vector<double> alphas;
    for (int64_t s = 0; s < batch.texts(); ++s) alphas.push_back(ntk_alpha(batch.length(s)));
    pass.inference = inference_pass(batch, alphas);
  }
  return run(pass);
}

Tensor QwenModel::run(const ForwardPass& pass) const {
  Residual residual{embed_.lookup(Tensor(pass.batch.input_ids)), {}};
  if (is_training() && config_.dropout > 0)
    residual.x = embedding_dropout(residual.x, pass.batch, config_.dropout, own_tokens(pass.batch.tokens()));
  pass.trace(residual.x.value(), "hidden.embed");
  const auto recorded = recordings_ && is_training() ? recordings_->begin(pass) : nullptr;
  for (size_t n = 0; n < blocks_.size(); ++n)
    residual = recorded ? recorded->block(n, residual) : (*blocks_[n])(residual, pass);
  const NormedResidual last = norm(residual, final_norm_.weight, config_.norm_eps, tp_);
  pass.trace(last.x.value(), "hidden.{}", config_.n_layer - 1);
  pass.trace(last.y.value(), "hidden.norm");
  return last.y;
}

}  // namespace genesis::models
