#pragma once
#include "models/config/qwen_config.h"
#include "parallel/tensor_parallel.h"

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
  parallel::RowOverlap overlap;
};

/// What the log of a group records of a pass.
struct LoggedTraffic {
  int64_t bytes = 0, calls = 0;
  LoggedTraffic& operator+=(const LoggedTraffic& o) {
    bytes += o.bytes;
    calls += o.calls;
    return *this;
  }
};

/// What the logs of a rank's tp group and of its group of KV replicas record of that pass
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
/// modes. Chunks (parallel/row_chunks.h) are calls of their own: `chunks` for each exchange of rows that a
/// product stands beside, and for every exchange of rows under sequence parallelism.
struct TensorTraffic {
  LoggedTraffic waited;         ///< nothing is computed meanwhile: embedding, head, norms
  LoggedTraffic beside;         ///< chunk by chunk beside the products that make or use the rows
  LoggedTraffic under_weights;  ///< column layers' input in backward, under products of weight gradients
  LoggedTraffic kv;
  int64_t chunks = 1;

  LoggedTraffic tp() const {
    LoggedTraffic all = waited;
    all += beside;
    return all += under_weights;
  }
};
TensorTraffic tensor_traffic(const QwenConfig& config, const SplitPass& pass);

}  // namespace genesis::models
