#pragma once
#include <filesystem>
#include <limits>
#include <memory>
#include <span>
#include <vector>

#include "models/generation/generation_config.h"
#include "models/qwen/block.h"
#include "models/qwen/block_recordings.h"
#include "models/qwen/long_context.h"
#include "models/qwen/outputs.h"
#include "models/qwen/weights.h"
#include "parallel/nn/vocabulary_table.h"

namespace genesis::models {

/// A step of cached inference: for each text its next tokens (the whole prompt at first, then one token).
struct CachedStep {
  std::vector<std::vector<int32_t>> tokens;  ///< [texts], none empty
  std::vector<int64_t> slots;                ///< [texts] slot of each text in the cache
  std::vector<double> ntk_alphas;            ///< [texts] rotary factor of each text, chosen from its prompt
};

using parallel::WeightedTargets;

/// The next token of each text, in memory that keeps its place: what a step of generation reads when it is
/// recorded once and run again (models/generation/token_steps.h).
struct TokenInputs {
  Array all;                                      ///< [5, texts] i32 on the CPU
  Array ids, positions, rows, k_begin, k_length;  ///< [texts] its rows; see InferencePass
  Array cos, sin;                                 ///< the rotary tables that `rows` counts in
  explicit TokenInputs(int64_t texts);
};

/// The Qwen language model, for every family: embedding, blocks, final norm, head.
///   QwenModel model(config);
///   Tensor logits = model(genesis::tensor({{1, 2, 3}}));          // [1, 3, vocab_size]
/// In training mode (the default) positions are plain. After eval(), texts longer than the config's
/// seq_length get dynamic NTK and logn where the config has them; that path records no gradient. Determinism:
/// a pure function of parameters and tokens; a text's values do not depend on what it is batched with beyond
/// the rounding of matrix products of another height.
///
/// Split over the ranks of a tensor-parallel group (`tp`), each rank holds its part of every matrix
/// (models/names/parameter_layout.h; shard_of(parameter) says which); all of them call the same functions
/// with the same arguments, and losses and logits come out whole on every rank. The initial values are those
/// of the unsplit model, bit for bit. Generation (next_logits) needs all rows on every rank: not with
/// sequence parallelism.
class QwenModel : public nn::Module {
 public:
  /// Parameters of `dtype`, initialised from the seed as in pre-training (models/qwen/initialise.h).
  /// Errors: ConfigError for a config that contradicts itself.
  ///   tp: this rank's part of a split model; collective over its group, which outlives the model.
  ///   make_block: builds block `layer`; a subclass of QwenBlock sees every pass through it. Absent:
  ///   QwenBlock itself.
  explicit QwenModel(const QwenConfig& config, DType dtype = DType::f32, uint64_t seed = 42,
                     const parallel::TensorParallel& tp = {}, const BlockFactory& make_block = {});
  /// A model with the config and weights of a Hugging Face folder.
  /// Errors: ConfigError, CheckpointError naming file, key or tensor.
  static std::unique_ptr<QwenModel> from_folder(const std::filesystem::path& folder, DType dtype = DType::f32,
                                                const parallel::TensorParallel& tp = {});

  const QwenConfig& config() const { return config_; }
  /// How this rank shares the model with others.
  const parallel::TensorParallel& tensor_parallel() const { return tp_; }
  DType dtype() const { return embed_.weight.dtype(); }
  Device device() const { return embed_.weight.device(); }

  /// Logits of every position. input_ids [B, T] of integers -> [B, T, V]
  /// Errors: genesis::Error for another shape or an id outside the vocabulary.
  Tensor operator()(const Tensor& input_ids);
  /// The same with attention probabilities and hidden states, as options ask. Errors: as above.
  ModelOutputs operator()(const Tensor& input_ids, const OutputOptions& options);
  /// The same for a flat batch: [N, V].
  Tensor logits(const TokenBatch& batch);
  /// Output of the final norm, [N, H]; under sequence parallelism this rank's rows, and N must divide by the
  /// ranks.
  Tensor hidden_states(const TokenBatch& batch);
  /// hidden W_head^T: [..., H] -> [..., V]
  Tensor head(const Tensor& hidden) const;
  /// The head's matrix [V, H], or this rank's rows of it: the embedding's when tied.
  const Tensor& head_matrix() const { return head_table().weight; }

  /// Sum of the losses of the supervised tokens; divide by the supervised tokens of the whole step, or start
  /// backward from that quotient. targets [N] i32: the token that follows, or -100 for none. Logits of the
  /// batch are never held at once. Errors: genesis::Error naming the token when a target is neither -100 nor
  /// in the vocabulary.
  Tensor loss_sum(const TokenBatch& batch, const Array& targets);
  /// The same for tokens of several weights: sum over the parts of weight x (sum of the losses of its
  /// targets). The blocks run once; the head runs once a part, each time over that part's rows alone.
  Tensor loss_sum(const TokenBatch& batch, std::span<const WeightedTargets> parts);
  /// The loss of each token, 0 where there is no target: [N], f32 (f64 for f64). No gradient.
  Array token_losses(const TokenBatch& batch, const Array& targets);

  /// What backward computes again in each of the first `layers` blocks (all of them by default); the others
  /// keep everything. Gradients stay bit-identical.
  void recompute(Recompute what, int64_t layers = std::numeric_limits<int64_t>::max(),
                 Recompute rest = Recompute::nothing);
  /// All blocks keep only their inputs, or everything.
  void gradient_checkpointing(bool on) { recompute(on ? Recompute::block : Recompute::nothing); }
  bool is_gradient_checkpointing() const;
  /// Training passes on a card go through recordings of the blocks (models/qwen/block_recordings.h), with the
  /// same bits; false forgets them. Errors: genesis::Error for a model that is not on a card, is shared with
  /// other ranks, or has blocks of another class.
  void record_blocks(bool on);
  /// Null unless record_blocks(true).
  const BlockRecordings* recordings() const { return recordings_.get(); }
  /// The ranks that hold the same KV heads as this one, or null where each head is on one rank.
  const parallel::Communicator* kv_replicas() const { return kv_replicas_.get(); }
  /// Shows inner values of every forward pass; {} switches it off. Blocks are not checkpointed meanwhile.
  void set_tracer(Tracer tracer) { tracer_ = std::move(tracer); }

  /// Runs the step's tokens behind what the cache holds and returns the logits of each text's last token, f32
  /// [texts, V]. No gradient. Errors: genesis::Error when a slot is full, or rows are shared out over ranks.
  /// Ranks that share the model get the same logits, bit for bit. Collective over them.
  Array next_logits(const CachedStep& step, KvCache& cache);
  /// The config of a cache for next_logits: with the KV heads that are on this rank.
  QwenConfig cache_config() const;
  /// The same for one token a text, in two parts. write: what the step reads, by the host. logits: the step,
  /// f32 [texts, V] where the model is; nothing in it depends on what `inputs` hold but through their memory.
  /// Errors: as above, and for a step with more than one token a text.
  void write_token_inputs(const CachedStep& step, const KvCache& cache, TokenInputs& inputs);
  Array token_logits(const TokenInputs& inputs, KvCache& cache);
  /// Whether token_logits() has kernels for this model: on a card, whole on one rank, nobody looking at inner
  /// values.
  bool takes_token_steps() const;
  /// The rotary factor of a prompt of this length: 1 unless the config has dynamic NTK.
  double ntk_alpha(int64_t prompt_length) const;

  /// See load_weights and save_weights. save() without options: the family's own names, the model's dtype.
  void load(const std::filesystem::path& folder) { load_weights(*this, config_, folder, tp_.split()); }
  void save(const std::filesystem::path& folder) const;
  void save(const std::filesystem::path& folder, const SaveOptions& options) const {
    save_weights(*this, config_, folder, options, tp_);
  }

  GenerationConfig generation;  ///< of the folder the model came from; greedy where it says nothing

 private:
  struct Uninitialised {};
  QwenModel(const QwenConfig& config, DType dtype, const parallel::TensorParallel& tp, Uninitialised,
            const BlockFactory& make_block = {});
  const parallel::VocabularyTable& head_table() const { return head_ ? *head_ : embed_; }
  /// The batch as its rows are shared out.
  TokenBatch divisible(const TokenBatch& batch) const;
  /// The tokens of a pass of so many whose rows this rank holds between the layers, in order.
  std::vector<parallel::Range> own_tokens(int64_t tokens) const;
  ForwardPass plain_pass(const TokenBatch& batch);
  InferencePass inference_pass(const TokenBatch& batch, const std::vector<double>& alphas);
  bool is_beyond_training_length(const TokenBatch& batch) const;
  Tensor run(const ForwardPass& pass) const;

  QwenConfig config_;
  parallel::TensorParallel tp_;
  std::unique_ptr<parallel::Communicator> kv_replicas_;  // null unless KV heads are on several ranks
  parallel::VocabularyTable embed_;
  std::vector<std::unique_ptr<QwenBlock>> blocks_;
  bool own_blocks_ = true;                       // of QwenBlock itself
  std::unique_ptr<BlockRecordings> recordings_;  // after the blocks: it goes first
  nn::RMSNorm final_norm_;
  std::unique_ptr<parallel::VocabularyTable> head_;  // null when tied
  kernels::RopeTable table_;
  RotaryTables tables_;
  Tracer tracer_;
};

}  // namespace genesis::models
