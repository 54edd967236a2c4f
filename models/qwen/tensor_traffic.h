#pragma once
#include "models/config/qwen_config.h"

namespace genesis::models {

/// A forward and (unless forward_only) backward pass of one micro-batch, on a rank that shares the model with
/// others.
struct SplitPass {
  int tensor_parallel = 1;
  bool sequence_parallel = false;
  int64_t tokens = 0;              ///< N of the micro-batch
  int64_t supervised = 0;          ///< tokens with loss
  DType activations = DType::f32;  ///< bf16 under autocast
  DType parameters = DType::f32;   ///< type of the master weights, and of what is summed of their gradients
  bool gradient_checkpointing = false;
  bool forward_only = false;  ///< evaluation
};

/// Bytes that the logs of a rank's tp group and of its group of KV replicas record for that pass
/// (CallRecord::bytes: what the rank hands in). P ranks, a = N H bytes of activations, N rounded up to a
/// multiple of P under sequence parallelism:
///   forward    embedding a, each block 2 a, head 12 or 24 bytes a supervised token;
///              sequence parallel: embedding a/P, each block 4 a/P, head a/P more
///   backward   each block 2 a, head a;  sequence parallel: embedding a/P, each block 6 a/P, head 2 a/P, each
///   norm
///              H numbers
///   QK-norm    2 d numbers a block, backward;   KV replicas: their rows of q-k-v, backward
/// Checkpointing runs the forward of every block a second time. All-reduce moves 2 (P - 1) / P bytes over a
/// link for each byte of the log, all-gather and reduce-scatter P - 1 for each: the same amount for both
/// modes.
struct TensorTraffic {
  int64_t tp = 0, kv = 0;
};
TensorTraffic tensor_traffic(const QwenConfig& config, const SplitPass& pass);

}  // namespace genesis::models
