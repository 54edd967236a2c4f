#pragma once
#include "models/config/qwen_config.h"
#include "models/qwen/forward_pass.h"
#include "models/qwen/model_split.h"
#include "parallel/nn/column_linear.h"
#include "parallel/nn/row_linear.h"

namespace genesis::models {

/// Causal self-attention of one block: fused projection, optional norm of query and key heads, rotary
/// positions, attention inside each text, output projection.
///   out = W_o attention(rope(norm(q)), rope(norm(k)), v),  [q | k | v] = W_qkv x + b
/// Shapes: x [N, H] -> [N, H]; on a rank that shares the model: its heads, and the rows it holds
class QwenAttention : public nn::Module {
 public:
  QwenAttention(const QwenConfig& config, int64_t layer, DType dtype, const ModelSplit& split = {});
  Tensor operator()(const Tensor& x, const ForwardPass& pass) const;

  parallel::ColumnLinear qkv;
  parallel::RowLinear out;
  Tensor q_norm_weight, k_norm_weight;  ///< undefined without qk_norm

 private:
  /// q, k or v of fused rows [N, (A + 2K) d], as [N, heads, d].
  Array part(const Array& rows, int64_t first, int64_t heads) const;
  Array infer(const Array& rows, const ForwardPass& pass, const InferencePass& inference) const;
  void trace(const Array& rows, const ForwardPass& pass) const;

  QwenConfig config_;
  int64_t layer_;
  int64_t heads_, kv_heads_;  // of this rank
  parallel::TensorParallel tp_;
};

}  // namespace genesis::models
